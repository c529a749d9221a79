//! The recipe: a short name for everything besides the source that decides what the thumbnails' bytes are.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thumbline_imaging::Rendition;

use crate::layout::hex;
use crate::preset::{Presets, description};

/// A hash of the presets and of the engine's version. Same source bytes and same recipe give the same thumbnails.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recipe(String);

impl Recipe {
    /// The recipe of these presets with this version of the engine.
    pub fn of(presets: &Presets) -> Recipe {
        let text = format!("engine {}\n{presets}", thumbline_imaging::ENGINE_VERSION);
        // 128 bits: recipes of one bucket are few, and nobody gains by making two of them collide.
        Recipe(hex(&Sha256::digest(text.as_bytes())[..16]))
    }

    /// The recipe of one thumbnail that is in no preset.
    pub fn of_one(rendition: &Rendition) -> Recipe {
        let text = format!("engine {}\n@{}", thumbline_imaging::ENGINE_VERSION, description(rendition));
        Recipe(hex(&Sha256::digest(text.as_bytes())[..16]))
    }

    /// The recipe as metadata and manifests carry it: 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(presets: &str) -> Recipe {
        Recipe::of(&presets.parse().unwrap())
    }

    #[test]
    fn spelling_does_not_change_the_recipe_but_meaning_does() {
        assert_eq!(recipe("a=200x200:cover:webp:q80"), recipe(" a=200x200:webp:cover "));
        assert_ne!(recipe("a=200x200:cover:webp:q80"), recipe("a=200x200:cover:webp:q81"));
        assert_ne!(recipe("a=200x200"), recipe("b=200x200"));
    }
}
