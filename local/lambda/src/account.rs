//! The one account of the stack: its number, its region and its only credentials.
//!
//! ARNs are built and taken apart here and nowhere else, so that the same queue or function has the same name in an
//! event, in a destination record and in an answer of the API.

/// The account that owns everything in the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// For example `us-east-1`.
    pub region: String,
    /// The access key that requests must be signed with.
    pub access_key_id: String,
    /// The secret that belongs to the access key.
    pub secret_access_key: String,
}

impl Account {
    /// The ARN of the function without a qualifier.
    pub fn function_arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.region, self.id)
    }

    /// The ARN of the queue.
    pub fn queue_arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.region, self.id)
    }
}

/// The name of a queue that was given as a name, an ARN or a URL: in all three it is the last part.
pub(crate) fn queue_name(reference: &str) -> &str {
    reference.rsplit([':', '/']).next().unwrap_or(reference)
}

/// The name of a function that was given as a name, a partial ARN (`123456789012:function:name`) or an ARN, and the
/// version or alias that may stand behind each of them.
///
/// The forms are those of the `FunctionName` parameter of Lambda's `Invoke`.
pub(crate) fn function_name(reference: &str) -> (&str, Option<&str>) {
    let named = match reference.rsplit_once(":function:").or_else(|| reference.split_once("function:")) {
        Some((_, named)) => named,
        None => reference,
    };
    named.split_once(':').map_or((named, None), |(name, qualifier)| (name, Some(qualifier)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_named_by_its_name_its_arn_or_its_url() {
        for reference in
            ["jobs", "arn:aws:sqs:us-east-1:000000000000:jobs", "http://127.0.0.1:9/000000000000/jobs"]
        {
            assert_eq!(queue_name(reference), "jobs", "{reference}");
        }
    }

    #[test]
    fn a_function_is_named_by_its_name_a_partial_or_a_whole_arn() {
        for reference in [
            "resize",
            "000000000000:function:resize",
            "arn:aws:lambda:us-east-1:000000000000:function:resize",
        ] {
            assert_eq!(function_name(reference), ("resize", None), "{reference}");
            let qualified = format!("{reference}:live");
            assert_eq!(function_name(&qualified), ("resize", Some("live")), "{qualified}");
        }
    }
}
