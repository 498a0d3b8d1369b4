//! From a file to a socket: through the program's memory, past it, and through it because the bytes must change.
//!
//! ```text
//!   read + write   disk ─► page cache ─► program ─► socket buffer ─► network      4 copies, 4 switches of mode
//!   sendfile       disk ─► page cache ─────────────► (descriptors) ─► network     2 copies, 2 switches of mode
//! ```
//!
//! Kafka's `TransportLayer.transferFrom` uses the second (`FileChannel.transferTo`) where the socket is plain; with TLS
//! and with down-conversion bytes go through the program. What always holds: every way sends the same bytes, the
//! receiver counts them. Left out: a network card; on loopback the receiving side copies once more on every way.

use super::bench::{Bench, Measured, PerfError, Result};
use super::report::{Cell, Report, Section};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// How large the file is: small enough to stay in the page cache.
pub const FILE_BYTES: u64 = 32 << 20;
/// What one call moves, as a consumer's `max.partition.fetch.bytes` rounds down to in buffers.
const PIECE_BYTES: usize = 64 << 10;

/// What one way did for one file.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    calls: u64,
    through_program: u64,
    sent: u64,
}

/// Measures the three ways.
pub fn run(bench: &mut Bench) -> Result<Report> {
    let language = bench.language;
    let say = |english: &'static str, chinese: &'static str| language.pick(english, chinese);
    bench.prepare(say("making a file", "准备文件"))?;
    let path = bench.place.file("00000000000000000000.log");
    let bytes = super::bench::Noise::new(7).bytes(FILE_BYTES as usize);
    std::fs::write(&path, &bytes)?;
    drop(bytes);
    let mut file = File::open(&path)?;
    let mut section = Section::new(
        "copy",
        say(
            "32 MiB from a file in the page cache to a loopback socket",
            "32 MiB：从页缓存中的文件到回环套接字",
        ),
        &[
            ("way", say("way", "方式")),
            ("megabytes_per_second", "MB/s"),
            ("processor_ms_per_gigabyte", say("CPU ms/GB", "CPU 毫秒/GB")),
            ("system_calls_per_gigabyte", say("calls/GB", "系统调用/GB")),
            ("user_space_bytes_per_byte", say("through the program", "经过程序的字节/字节")),
        ],
    );
    section.unit = "MB/s".to_owned();
    let mut buffer = vec![0; PIECE_BYTES];
    let mut notes = Vec::new();
    let ways: [(&'static str, &'static str, Way); 3] = [
        ("read + write", "read + write", Way::Program),
        ("sendfile", "sendfile", Way::Kernel),
        ("read + change + write", "read + 改写 + write", Way::Change),
    ];
    for (english, chinese, way) in ways {
        let name = say(english, chinese);
        match measure(bench, &mut file, &mut buffer, way, name) {
            Ok((measured, counted)) => {
                let gigabytes = counted.sent as f64 / 1e9;
                let rate = measured.megabytes(counted.sent);
                section.rows.push(vec![
                    name.into(),
                    Cell::Number(rate, 0),
                    Cell::Number(measured.processor.as_secs_f64() * 1000.0 / gigabytes, 0),
                    Cell::Number(counted.calls as f64 / gigabytes, 0),
                    Cell::Number(counted.through_program as f64 / counted.sent as f64, 0),
                ]);
                section.bar(name, rate);
            }
            Err(PerfError::Failed(sentence)) if way == Way::Kernel => notes.push(sentence),
            Err(error) => return Err(error),
        }
    }
    section.drawing = drawing(language == crate::types::Language::Chinese);
    notes.extend(
        [
            say(
                "\"Through the program\" counts each byte that is copied into the program's memory, and each that is \
                 copied out of it again, for one byte sent.",
                "“经过程序”：每发送一个字节，拷入程序内存与再拷出各计一次。",
            ),
            say(
                "The file was in the page cache all the time (hot). CPU is the sending thread's alone.",
                "文件始终在页缓存中（热读）。CPU 仅指发送线程。",
            ),
            say(
                "The third way changes every byte with a cheap XOR: it stands for TLS or down-conversion, and costs \
                 less than either.",
                "第三种方式用廉价的 XOR 改写每个字节，代表 TLS 或降级转换；真实代价更高。",
            ),
            say(
                "Loopback has no network card: both ends share the processors, and the receiver copies as well. What \
                 a real card saves by gathering descriptors cannot be seen here.",
                "回环没有网卡：两端共用处理器，接收方也要拷贝；真实网卡按描述符收集所省下的，在这里看不到。",
            ),
        ]
        .map(str::to_owned),
    );
    Ok(Report {
        experiment: "zero-copy",
        question: say(
            "What does it cost to pass bytes through the program?",
            "让字节经过程序要付出什么？",
        )
        .to_owned(),
        sections: vec![section],
        notes,
        ..Report::default()
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Program,
    Kernel,
    Change,
}

fn measure(
    bench: &mut Bench,
    file: &mut File,
    buffer: &mut [u8],
    way: Way,
    name: &str,
) -> Result<(Measured, Counted)> {
    let (mut socket, receiver) = connect()?;
    let mut counted = Counted::default();
    let measured = bench.repeat(0.32, name, u64::MAX, |_| {
        match way {
            Way::Kernel => by_kernel(file, &socket, &mut counted)?,
            _ => by_program(file, &mut socket, buffer, way == Way::Change, &mut counted)?,
        }
        Ok(())
    });
    drop(socket);
    let received = receiver.join().unwrap_or(0);
    let measured = measured?;
    if received != counted.sent {
        let (sent, way) = (counted.sent, name);
        return Err(PerfError::Failed(format!("{way}: {sent} bytes were sent, {received} came")));
    }
    Ok((measured, counted))
}

/// A connection over loopback, and a thread that takes everything until its end and says how much it was.
fn connect() -> Result<(TcpStream, JoinHandle<u64>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let socket = TcpStream::connect(listener.local_addr()?)?;
    let (mut other, _) = listener.accept()?;
    let receiver = std::thread::spawn(move || {
        let (mut buffer, mut received) = (vec![0; 256 << 10], 0);
        while let Ok(count @ 1..) = other.read(&mut buffer) {
            received += count as u64;
        }
        received
    });
    Ok((socket, receiver))
}

fn by_program(
    file: &mut File,
    socket: &mut TcpStream,
    buffer: &mut [u8],
    change: bool,
    counted: &mut Counted,
) -> Result<()> {
    file.seek(SeekFrom::Start(0))?;
    counted.calls += 1;
    loop {
        let count = file.read(buffer)?;
        counted.calls += 1;
        if count == 0 {
            return Ok(());
        }
        if change {
            for (at, byte) in buffer[..count].iter_mut().enumerate() {
                *byte ^= at as u8 | 1;
            }
        }
        let mut from = 0;
        while from < count {
            let sent = socket.write(&buffer[from..count])?;
            counted.calls += 1;
            if sent == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::WriteZero).into());
            }
            from += sent;
        }
        counted.through_program += 2 * count as u64;
        counted.sent += count as u64;
    }
}

#[cfg(target_os = "linux")]
fn by_kernel(file: &File, socket: &TcpStream, counted: &mut Counted) -> Result<()> {
    let mut position = 0;
    while position < FILE_BYTES {
        let left = (FILE_BYTES - position) as usize;
        let sent = rustix::fs::sendfile(socket, file, Some(&mut position), left.min(1 << 20))
            .map_err(std::io::Error::from)?;
        counted.calls += 1;
        if sent == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        counted.sent += sent as u64;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn by_kernel(_: &File, _: &TcpStream, _: &mut Counted) -> Result<()> {
    Err(PerfError::Failed("sendfile is measured on Linux only".to_owned()))
}

fn drawing(chinese: bool) -> Vec<String> {
    let lines: [&str; 8] = match chinese {
        false => [
            "read + write: 4 copies, 2 of them by the processor",
            "disk -1-> page cache -2-> program's buffer -3-> socket buffer -4-> network card",
            "                     ^CPU                  ^CPU",
            "",
            "sendfile: 2 copies, none by the processor where the card gathers",
            "disk -1-> page cache ............................................ -2-> network card",
            "                     only descriptors (where, how long) go to the socket",
            "(1 falls away when the page cache has the bytes already, as here)",
        ],
        true => [
            "read + write：4 次拷贝，其中 2 次由 CPU 完成",
            "磁盘 -1-> 页缓存 -2-> 程序缓冲区 -3-> 套接字缓冲区 -4-> 网卡",
            "                 ^CPU            ^CPU",
            "",
            "sendfile：2 次拷贝，网卡支持收集时 CPU 不参与",
            "磁盘 -1-> 页缓存 ................................... -2-> 网卡",
            "                 只把描述符（位置、长度）交给套接字",
            "（字节已在页缓存中时第 1 次也省去，本次即如此）",
        ],
    };
    lines.map(str::to_owned).to_vec()
}
