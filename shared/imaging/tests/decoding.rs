//! Every kind of picture becomes the picture that it is.

mod pictures;

use pictures::{difference, every_kind, render_full, scene};

#[test]
fn every_kind_of_file_shows_the_same_picture() {
    let upright = scene(61, 43);
    for (name, format, file) in every_kind() {
        assert_eq!(thumbline_imaging::sniff(&file), Ok(format), "{name}");
        let seen = render_full(&file);
        let expected = if name == "exif" { image::imageops::rotate90(&upright) } else { upright.clone() };
        let apart = difference(&seen, &expected);
        assert!(apart < 6.0, "{name} is {apart} apart");
    }
}
