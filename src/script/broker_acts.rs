//! What `broker …`, `controller …` and `zookeeper …` do to processes, their machines and their clocks; and which
//! node a word names.

use super::acts::{About, Acts, one, started};
use super::command::{BrokerAct, ControllerAct, NodeWord};
use super::evaluate::broker_of;
use crate::clock::Duration;
use crate::cluster::{Act, Lab};
use crate::protocol::{IncrementalAlterConfigsRequest, Request};
use crate::types::NodeId;

/// What is said of a broker that stopped as it should, as far as anybody takes its leaderships over first.
fn stopped(id: NodeId, lab: Option<&Lab>) -> Result<Acts, String> {
    let alone = lab.is_some_and(|lab| lab.cluster().config.nobody_decides());
    one(
        Act::Stop(id),
        match alone {
            true => format!(
                "broker {id} stopped; nobody moved its leaders first, their replicas race now"
            ),
            false => format!("broker {id} stopped"),
        },
    )
}

pub(super) fn broker_acts(id: NodeId, act: BrokerAct, lab: Option<&Lab>) -> Result<Acts, String> {
    match act {
        BrokerAct::Stop => stopped(id, lab),
        BrokerAct::Kill => one(Act::Kill(id), format!("killed broker {id}")),
        BrokerAct::PowerOff => one(Act::PowerOff(id), format!("broker {id} lost its power")),
        BrokerAct::Start => started(id),
        BrokerAct::Pause => one(Act::Pause(id), format!("broker {id} is frozen")),
        BrokerAct::Resume => one(Act::Resume(id), format!("broker {id} goes on")),
        BrokerAct::Slow(Duration::ZERO) => {
            one(Act::Slow(id, Duration::ZERO), format!("broker {id} is as fast as ever"))
        }
        BrokerAct::Slow(by) => {
            one(Act::Slow(id, by), format!("what broker {id} says leaves {by} later"))
        }
        BrokerAct::Skew(0) => one(Act::Skew(id, 0), format!("the clock of broker {id} is right")),
        BrokerAct::Skew(by) => {
            let (off, how) = (Duration(by.unsigned_abs()), if by > 0 { "fast" } else { "slow" });
            one(Act::Skew(id, by), format!("the clock of broker {id} is {off} {how}"))
        }
    }
}

/// Settings of one broker, or of all: the request of `kafka-configs --alter --entity-type brokers`.
pub(super) fn broker_config(
    broker: Option<NodeId>,
    configs: &[(String, Option<String>)],
    lab: Option<&Lab>,
) -> Result<Acts, String> {
    let Some(lab) = lab else { return Err("there is no cluster yet".into()) };
    let known = &lab.cluster().brokers;
    if let Some(id) = broker.filter(|id| !known.contains_key(id)) {
        let names: Vec<String> = known.keys().map(NodeId::to_string).collect();
        return Err(format!("there is no broker {id}; there are {}", names.join(", ")));
    }
    let of = broker.map_or("all brokers".to_owned(), |id| format!("broker {id}"));
    let settings = configs.iter().map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => format!("{name} taken back"),
    });
    let words = format!("{of}: {}", settings.collect::<Vec<_>>().join(" "));
    let request = IncrementalAlterConfigsRequest { topic: None, broker, configs: configs.to_vec() };
    Ok(super::acts::admin(Request::IncrementalAlterConfigs(request), words))
}

pub(super) fn zookeeper_acts(act: BrokerAct) -> Result<Acts, String> {
    let id = NodeId::ZOOKEEPER;
    match act {
        BrokerAct::Start => started(id),
        BrokerAct::Pause => one(Act::Pause(id), "froze ZooKeeper"),
        BrokerAct::Resume => one(Act::Resume(id), "ZooKeeper goes on"),
        _ => one(Act::Kill(id), "killed ZooKeeper"),
    }
}

pub(super) fn controller_acts(act: &ControllerAct, lab: Option<&Lab>) -> Result<Acts, String> {
    use crate::cluster::NodeState::{Dead, Paused, Stopped};
    let Some(lab) = lab else { return Err("there is no cluster yet".into()) };
    let cluster = lab.cluster();
    // In the ZooKeeper era a controller is a broker; of several that are down, the one that went last is meant.
    let in_brokers = cluster.zookeeper().is_some();
    let by_state = |wanted: &[crate::cluster::NodeState]| {
        let controllers =
            cluster.controllers.iter().filter(|(_, node)| wanted.contains(&node.state));
        let brokers = cluster.brokers.iter().filter(|(_, node)| wanted.contains(&node.state));
        let last = brokers.max_by_key(|(_, node)| node.since).filter(|_| in_brokers);
        controllers.map(|(&id, _)| id).next().or(last.map(|(&id, _)| id))
    };
    let is_one = |id: NodeId| {
        cluster.controllers.contains_key(&id) || (in_brokers && cluster.brokers.contains_key(&id))
    };
    let named = |node: &Option<u32>| match node.map(NodeId) {
        Some(id) if is_one(id) => Ok(Some(id)),
        Some(id) => {
            let nodes: Vec<String> = match in_brokers {
                true => cluster.brokers.keys().map(NodeId::to_string).collect(),
                false => cluster.controllers.keys().map(NodeId::to_string).collect(),
            };
            let who = if in_brokers { "a broker is the controller here" } else { "controllers" };
            Err(format!("there is no controller {id}; {who}: {}", nodes.join(", ")))
        }
        None => Ok(None),
    };
    let active = |node: &Option<u32>| -> Result<NodeId, String> {
        let id = named(node)?.or_else(|| cluster.active_controller());
        id.ok_or_else(|| match cluster.config.nobody_decides() {
            true => "here every replica races for itself: nobody is controller".to_owned(),
            false => {
                "no controller is active now: name one, or wait with until controller() != none"
                    .to_owned()
            }
        })
    };
    match act {
        ControllerAct::Kill(node) => {
            let id = active(node)?;
            one(Act::Kill(id), format!("killed {}", cluster.name(id)))
        }
        ControllerAct::Stop(node) => {
            let id = active(node)?;
            match id.is_broker() {
                true => stopped(id, Some(lab)),
                false => one(Act::Stop(id), format!("{} stopped", cluster.name(id))),
            }
        }
        ControllerAct::PowerOff(node) => {
            let id = active(node)?;
            one(Act::PowerOff(id), format!("{} lost its power", cluster.name(id)))
        }
        ControllerAct::Pause(node) => {
            let id = active(node)?;
            one(Act::Pause(id), format!("{} is frozen", cluster.name(id)))
        }
        ControllerAct::Resume(node) => match named(node)?.or_else(|| by_state(&[Paused])) {
            Some(id) => one(Act::Resume(id), format!("{} goes on", cluster.name(id))),
            None => Err("no controller is frozen".into()),
        },
        ControllerAct::Start(node) => match named(node)?.or_else(|| by_state(&[Dead, Stopped])) {
            Some(id) => started(id),
            None => Err("every controller runs".into()),
        },
        ControllerAct::Move(broker) => {
            let id = broker_of(broker, Some(lab))?;
            one(Act::MoveController(id), format!("broker {id} is the controller"))
        }
    }
}

/// The node that a word names.
pub(super) fn node_of(word: &NodeWord, lab: Option<&Lab>) -> Result<NodeId, String> {
    match (word, lab) {
        (NodeWord::Id(id), _) => Ok(NodeId(*id)),
        (NodeWord::Client(name), Some(lab)) => {
            let known = lab.cluster().names.get(name);
            if known.is_none() && name == "zookeeper" {
                return Ok(NodeId::ZOOKEEPER);
            }
            known.copied().ok_or_else(|| super::session::no_client(lab, name))
        }
        (NodeWord::Client(name), None) => Err(format!("there is no client '{name}'")),
    }
}

/// Two of them.
pub(super) fn pair_of(
    a: &NodeWord,
    b: &NodeWord,
    lab: Option<&Lab>,
) -> Result<(NodeId, NodeId), String> {
    Ok((node_of(a, lab)?, node_of(b, lab)?))
}

/// Cuts each link between a side and the rest of brokers, controllers and ZooKeeper.
pub(super) fn split(side: &[NodeId], lab: Option<&Lab>) -> Result<Acts, String> {
    let cluster = lab.ok_or("there is no cluster yet")?.cluster();
    let zookeeper = cluster.zookeeper().map(|_| NodeId::ZOOKEEPER);
    let all = cluster.brokers.keys().chain(cluster.controllers.keys()).copied().chain(zookeeper);
    let all: Vec<NodeId> = all.collect();
    if let Some(stranger) = side.iter().find(|node| !all.contains(node)) {
        let known: Vec<String> = all.iter().map(ToString::to_string).collect();
        return Err(format!("there is no node {stranger}; there are {}", known.join(", ")));
    }
    let others: Vec<NodeId> = all.into_iter().filter(|node| !side.contains(node)).collect();
    if others.is_empty() {
        return Err("all nodes are on one side: leave some for the other".to_owned());
    }
    let pairs = side.iter().flat_map(|a| others.iter().map(move |b| Act::Cut(*a, *b)));
    let names: Vec<String> = side.iter().map(ToString::to_string).collect();
    let words = format!("split {} from the others", names.join(","));
    Ok(Acts { acts: pairs.collect(), about: About::Words(words) })
}
