//! Half a picture never passes for a whole one.

mod pictures;

use pictures::{every_kind, render};
use thumbline_imaging::Rendition;

#[test]
fn a_picture_cut_at_any_byte_is_refused() {
    let small = [Rendition::new(Some(8), None)];
    for (name, _, file) in every_kind() {
        render(&file, &small).unwrap();
        // A GIF's trailer is one byte that says nothing; there are programs that write none.
        let forgiven = usize::from(name == "gif");
        render(&file[..file.len() - forgiven], &small).unwrap();
        for length in 0..file.len() - forgiven {
            let Err(error) = render(&file[..length], &small) else {
                panic!("{name} passes with {length} of {} bytes", file.len())
            };
            assert!(error.is_about_the_picture(), "{name}, {length} bytes: {error}");
            if length >= 2 {
                assert!(
                    matches!(error.code(), "truncated" | "corrupt" | "not_an_image"),
                    "{name}, {length} bytes: {error}"
                );
            }
        }
    }
}
