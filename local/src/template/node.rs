//! A template as it is written: a tree of text, lists and maps that knows its lines and its calls of functions.
//!
//! CloudFormation's short forms (`!Ref x`) are YAML tags, and its scalars are text whatever they look like: `Timeout: 60`
//! and `Timeout: "60"` are the same, and `Version: 2012-10-17` is no date. A deserialiser that gives types to scalars,
//! drops tags and forgets lines is the wrong tool; `saphyr-parser`, the maintained event parser beneath the YAML crates
//! of today, keeps all three and brings two small dependencies. What is built on its events here is this tree.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::problem::Problem;

/// One place of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    /// Nothing after the colon, `~` or `null`.
    Nothing,
    Text(String),
    List(Vec<Node>),
    /// In the order of the template. Keys are different.
    Map(Vec<(String, Node)>),
    /// A function by its long name (`Fn::Sub`, `Ref`, `Condition`) and its argument.
    Call(String, Box<Node>),
}

impl Node {
    /// Reads the one document of a template.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let broken = |error: ScanError| Problem::new(error.marker().line(), "", error.info());
        let mut builder = Builder::default();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(broken)?;
            builder.take(event, span.start.line())?;
        }
        builder.root.ok_or_else(|| Problem::new(1, "", "there is nothing in it"))
    }

    /// The value of a key, if this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The function that is called here, in its short or its long form.
    pub(crate) fn call(&self) -> Option<(&str, &Self)> {
        match &self.data {
            Data::Call(name, argument) => Some((name, argument)),
            Data::Map(entries) => match entries.as_slice() {
                [(name, argument)] if name == "Ref" || name.starts_with("Fn::") => Some((name, argument)),
                _ => None,
            },
            _ => None,
        }
    }

    /// This node over another: maps are merged, lists joined, and anything else replaces what is below. So SAM merges a
    /// function's properties over those in `Globals`.
    pub(crate) fn over(&self, below: &Self) -> Self {
        let data = match (&self.data, &below.data) {
            (Data::Map(above), Data::Map(entries)) => {
                let mut merged = entries.clone();
                for (key, node) in above {
                    match merged.iter_mut().find(|(name, _)| name == key) {
                        Some((_, existing)) => *existing = node.over(existing),
                        None => merged.push((key.clone(), node.clone())),
                    }
                }
                Data::Map(merged)
            }
            (Data::List(above), Data::List(nodes)) => Data::List([nodes.as_slice(), above].concat()),
            (above, _) => above.clone(),
        };
        Self { line: self.line, data }
    }
}

/// Builds the tree from the parser's events.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
}

/// A list or a map whose end has not come.
struct Open {
    line: usize,
    anchor: usize,
    tag: Option<String>,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_nothing = style == ScalarStyle::Plain
                    && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let data = if is_nothing { Data::Nothing } else { Data::Text(text.into_owned()) };
                self.place(data, line, anchor, function(tag.as_deref()))
            }
            Event::SequenceStart(anchor, tag) => {
                let tag = function(tag.as_deref());
                self.open.push(Open { line, anchor, tag, items: Items::List(Vec::new()) });
                Ok(())
            }
            Event::MappingStart(anchor, tag) => {
                let tag = function(tag.as_deref());
                self.open.push(Open { line, anchor, tag, items: Items::Map(Vec::new(), None) });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { line, anchor, tag, items: Items::List(nodes) }) => {
                    self.place(Data::List(nodes), line, anchor, tag)
                }
                Some(Open { line, anchor, tag, items: Items::Map(entries, _) }) => {
                    self.place(Data::Map(entries), line, anchor, tag)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.attach(node),
                None => Err(Problem::new(line, "", "an alias stands before what it repeats")),
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Problem::new(line, "", "a second document begins; a template is one"))
            }
            _ => Ok(()),
        }
    }

    fn place(
        &mut self,
        data: Data,
        line: usize,
        anchor: usize,
        function: Option<String>,
    ) -> Result<(), Problem> {
        let mut node = Node { line, data };
        if let Some(function) = function {
            node = Node { line, data: Data::Call(function, Box::new(node)) };
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.attach(node)
    }

    fn attach(&mut self, node: Node) -> Result<(), Problem> {
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(nodes)) => nodes.push(node),
            Some(Items::Map(entries, key)) => match key.take() {
                Some(key) => {
                    if entries.iter().any(|(name, _)| *name == key) {
                        return Err(Problem::new(node.line, &key, "the key is there twice"));
                    }
                    entries.push((key, node));
                }
                None => match node.data {
                    Data::Text(text) => *key = Some(text),
                    _ => return Err(Problem::new(node.line, "", "a key must be text")),
                },
            },
        }
        Ok(())
    }
}

/// The long name of the function that a tag stands for; `None` for YAML's own tags.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag?;
    if tag.is_yaml_core_schema() {
        return None;
    }
    Some(match tag.suffix.as_str() {
        plain @ ("Ref" | "Condition") => plain.to_owned(),
        name => format!("Fn::{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_text_and_tags_are_calls_with_their_lines() {
        let node = Node::parse("a: 60\nb: !Ref X\nc:\n  - !Sub \"${Y}\"\n  - 2012-10-17\n").unwrap();
        assert_eq!(node.get("a").unwrap().text(), Some("60"));
        let (name, argument) = node.get("b").unwrap().call().unwrap();
        assert_eq!((name, argument.text(), argument.line), ("Ref", Some("X"), 2));
        let Data::List(nodes) = &node.get("c").unwrap().data else { panic!() };
        assert_eq!((nodes[0].call().unwrap().0, nodes[0].line), ("Fn::Sub", 4));
        assert_eq!(nodes[1].text(), Some("2012-10-17"));
    }

    #[test]
    fn short_and_long_forms_are_the_same_call() {
        let short = Node::parse("!GetAtt Queue.Arn").unwrap();
        let long = Node::parse("Fn::GetAtt: Queue.Arn").unwrap();
        assert_eq!(short.call().unwrap().0, long.call().unwrap().0);
        assert_eq!(short.call().unwrap().1.text(), long.call().unwrap().1.text());
    }

    #[test]
    fn aliases_repeat_what_was_anchored() {
        let node = Node::parse("a: &x\n  k: v\nb: *x\n").unwrap();
        assert_eq!(node.get("b").unwrap().get("k").unwrap().text(), Some("v"));
    }

    #[test]
    fn mistakes_are_found_with_their_lines() {
        for (text, line) in [("a: 1\na: 2\n", 2), ("a: [1\nb: 2\n", 2), ("", 1), ("a: 1\n---\nb: 2\n", 2)] {
            assert_eq!(Node::parse(text).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn properties_are_merged_over_globals() {
        let above = Node::parse("a: 1\nm: {x: 1}\nl: [b]").unwrap();
        let below = Node::parse("a: 2\nc: 3\nm: {x: 2, y: 2}\nl: [a]").unwrap();
        let merged = above.over(&below);
        let text = |path: &[&str]| {
            path.iter().fold(&merged, |node, key| node.get(key).unwrap()).text().unwrap().to_owned()
        };
        assert_eq!([text(&["a"]), text(&["c"]), text(&["m", "x"]), text(&["m", "y"])], ["1", "3", "1", "2"]);
        assert!(matches!(&merged.get("l").unwrap().data, Data::List(nodes) if nodes.len() == 2));
    }
}
