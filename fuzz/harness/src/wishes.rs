//! What is asked for: eight lists, small in every way, that take different ways through the engine.

use thumbline_imaging::{Fit, Focus, Output, OutputFormat, Position, Rendition, Rgb};

/// The list that a byte stands for.
pub(crate) fn stills(choice: u8) -> Vec<Rendition> {
    let inside = |side| Rendition::new(Some(side), Some(side));
    let boxed = |width, height| Rendition::new(Some(width), Some(height));
    match choice % 8 {
        0 => vec![inside(16)],
        1 => vec![Rendition::new(None, None).with_format(OutputFormat::Png)],
        2 => vec![
            boxed(24, 24)
                .with_fit(Fit::Cover)
                .with_position(Position::Attention)
                .with_format(OutputFormat::Jpeg),
            inside(7).with_format(OutputFormat::Png),
        ],
        3 => vec![
            boxed(20, 31)
                .with_fit(Fit::Contain)
                .with_background(Some(Rgb([9, 99, 200])))
                .with_format(OutputFormat::Jpeg)
                .with_progressive(true),
        ],
        4 => vec![boxed(40, 9).with_fit(Fit::Fill).with_enlarge(true).with_lossless(true)],
        5 => vec![
            Rendition::new(Some(12), None).with_format(OutputFormat::Png),
            boxed(48, 30).with_fit(Fit::Cover).with_position(Position::NorthEast),
            Rendition::new(None, Some(25)),
            boxed(9, 30).with_fit(Fit::Cover).with_position(focus()).with_format(OutputFormat::Png),
        ],
        6 => vec![inside(32).with_format(Output::Auto)],
        // JPEGs alone: of a JPEG they are made without pixels.
        _ => vec![
            Rendition::new(None, None).with_format(OutputFormat::Jpeg),
            Rendition::new(Some(100), None).with_format(OutputFormat::Jpeg).with_enlarge(true),
            boxed(9, 21)
                .with_fit(Fit::Cover)
                .with_position(focus())
                .with_format(OutputFormat::Jpeg)
                .with_progressive(true),
        ],
    }
}

/// Those of moving thumbnails.
pub(crate) fn moving(choice: u8) -> Vec<Rendition> {
    let sized = |width| Rendition::new(Some(width), None).with_animated(true);
    match choice % 4 {
        0 => vec![sized(12)],
        1 => vec![sized(20).with_lossless(true), Rendition::new(Some(9), None)],
        2 => vec![
            Rendition::new(Some(15), Some(15))
                .with_fit(Fit::Cover)
                .with_position(Position::Attention)
                .with_animated(true),
            sized(8).with_format(Output::Auto),
        ],
        _ => vec![Rendition::new(None, None).with_animated(true).with_quality(30)],
    }
}

fn focus() -> Position {
    Focus::per_mille(100, 900).map_or(Position::Centre, Position::Focus)
}
