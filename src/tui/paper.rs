//! The screen on paper: a whole app on a real lesson or sandbox, without a terminal, for measurements and pictures.

use super::app::{App, Event};
use super::shop::Shop;
use super::theme::Theme;
use super::{Library as _, Options, Start};
use crate::trace::Glyphs;
use crate::types::Language;
use ratatui::layout::Rect;

/// An app of `width`×`height` cells that has opened `start`. Its files are where `options.dir` says; the shop that is
/// handed back keeps them alive.
pub fn open(
    options: &Options,
    start: &Start,
    language: Language,
    (width, height): (u16, u16),
) -> Result<(App, impl Sized + use<>), String> {
    let (mut shop, _) = Shop::new(options);
    let area = Rect { x: 0, y: 0, width, height };
    let mut app = App::new(shop.shelf(language), language, Theme::Dark, Glyphs::unicode(), area);
    app.opened(Ok(shop.open(start, language)?));
    settle(&mut app);
    Ok((app, shop))
}

/// Lets what is under way come to its end.
pub fn settle(app: &mut App) {
    while app.wait_ms() == Some(0) {
        app.on_event(Event::Tick(0));
    }
}
