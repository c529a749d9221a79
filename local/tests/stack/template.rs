//! What is taken from a template, and what is said about its mistakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thumbline_local::{Blueprint, Surroundings, TemplateSource};

use crate::stage::fixtures;

fn surroundings() -> Surroundings {
    Surroundings {
        stack_name: "thumbline".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        endpoint: "http://127.0.0.1:1".into(),
        parameters: BTreeMap::new(),
        preferences: BTreeMap::new(),
    }
}

fn read(text: &str) -> Result<Blueprint, String> {
    let source = TemplateSource::Text { text: text.into(), folder: PathBuf::from("/project") };
    Blueprint::read(&source, &surroundings()).map_err(|error| error.to_string())
}

#[test]
fn the_fixture_is_read_whole() {
    let source = TemplateSource::File(fixtures().join("template.yaml"));
    let blueprint = Blueprint::read(&source, &surroundings()).unwrap();
    assert_eq!(blueprint.buckets, ["thumbline-input-000000000000", "thumbline-output-000000000000"]);
    let function = &blueprint.functions[0];
    assert_eq!((function.name.as_str(), function.handler.as_str()), ("thumbline-copy", "copy"));
    assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(20), 256));
    assert_eq!(function.environment["COPY_TO"], "thumbline-output-000000000000");
    assert_eq!(function.task_root, fixtures().join("package"));
    assert_eq!(function.max_retries, 1);
    let failures = "arn:aws:sqs:us-east-1:000000000000:thumbline-failures";
    assert_eq!(function.on_failure.as_deref(), Some(failures));
    let trigger = &blueprint.triggers[0];
    assert_eq!(trigger.events, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]);
    assert_eq!((&trigger.prefix, &trigger.suffix), (&None, &None));
    assert_eq!(blueprint.queues[0].visibility_timeout_seconds, 5);
    assert_eq!(blueprint.outputs["FailureQueueUrl"], "http://127.0.0.1:1/000000000000/thumbline-failures");
}

#[test]
fn the_template_that_deploys_can_be_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let blueprint = Blueprint::read(&TemplateSource::File(path), &surroundings()).unwrap();
    assert_eq!(blueprint.buckets.len(), 2);
    assert!(!blueprint.functions.is_empty() && !blueprint.triggers.is_empty());
    assert_ne!(blueprint.outputs["InputBucketName"], blueprint.outputs["OutputBucketName"]);
}

#[test]
fn every_function_that_is_known_gives_what_cloudformation_gives() {
    let text = r#"
Mappings: {Sizes: {us-east-1: {small: "128"}}}
Conditions:
  Here: {"Fn::Equals": [{Ref: "AWS::Region"}, us-east-1]}
  There: !Not [!Condition Here]
  Both: !And [!Condition Here, !Condition There]
  Either: !Or [{Condition: Here}, {Condition: There}]
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
  Elsewhere: {Type: "AWS::S3::Bucket", Condition: There}
  Queue: {Type: "AWS::SQS::Queue"}
Outputs:
  Sub: {Value: !Sub "${AWS::StackName}/${Bucket.Arn}/${!Literal}/${Queue}"}
  SubMap: {Value: !Sub ["${Name}-${AWS::Region}", {Name: !Select [1, !Split [",", "a,b,c"]]}]}
  Join: {Value: !Join [":", [a, !Ref "AWS::NoValue", b]]}
  Long: {Value: {"Fn::Join": ["", ["x", {"Fn::GetAtt": [Queue, QueueName]}]]}}
  Map: {Value: !FindInMap [Sizes, !Ref "AWS::Region", small]}
  If: {Value: !If [Here, yes, no]}
  Both: {Value: !If [Both, yes, no]}
  Either: {Value: !If [Either, yes, no]}
  Name: {Value: !Ref Bucket}
"#;
    let blueprint = read(text).unwrap();
    assert_eq!(blueprint.buckets, ["thumbline-bucket-000000000000"], "a condition leaves one out");
    let expected = [
        ("Both", "no"),
        ("Either", "yes"),
        ("If", "yes"),
        ("Join", "a:b"),
        ("Long", "xthumbline-Queue"),
        ("Map", "128"),
        ("Name", "thumbline-bucket-000000000000"),
        (
            "Sub",
            "thumbline/arn:aws:s3:::thumbline-bucket-000000000000/${Literal}/http://127.0.0.1:1/000000000000/thumbline-Queue",
        ),
        ("SubMap", "b-us-east-1"),
    ];
    let outputs: Vec<_> =
        blueprint.outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(outputs, expected);
}

#[test]
fn parameters_are_checked_against_what_the_template_allows() {
    let text = "Parameters:\n  Size: {Type: Number, MinValue: 1, MaxValue: 9}\n  Kind: {Type: String, Default: a, AllowedValues: [a, b]}\nResources:\n  B: {Type: 'AWS::S3::Bucket'}\n";
    let source = TemplateSource::Text { text: text.into(), folder: PathBuf::new() };
    let with = |pairs: &[(&str, &str)]| {
        let mut surroundings = surroundings();
        surroundings.parameters =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Blueprint::read(&source, &surroundings).map_err(|error| error.to_string())
    };
    assert!(with(&[("Size", "5")]).is_ok());
    for (pairs, message) in [
        (&[][..], "Parameters.Size: has no default"),
        (&[("Size", "10")], "10 is not within the limits 1 and 9"),
        (&[("Size", "x")], "`x` is not a number"),
        (&[("Size", "5"), ("Kind", "c")], "`c` is not allowed; allowed are a, b"),
        (&[("Size", "5"), ("Colour", "red")], "no parameter `Colour`; it has Size, Kind"),
    ] {
        let error = with(pairs).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn the_rules_of_the_template_are_kept() {
    let text = r#"
Parameters:
  In: {Type: String, Default: ""}
  Out: {Type: String, Default: ""}
  Makes: {Type: String, Default: "true"}
Rules:
  Two:
    Assertions:
      - Assert: !Or [!Equals [!Ref In, ""], !Not [!Equals [!Ref In, !Ref Out]]]
        AssertDescription: two buckets
  Named:
    RuleCondition: !Equals [!Ref Makes, "false"]
    Assertions: [{Assert: !Not [!Equals [!Ref In, ""]], AssertDescription: a name}]
Resources: {B: {Type: "AWS::S3::Bucket"}}
"#;
    let source = TemplateSource::Text { text: text.into(), folder: PathBuf::new() };
    let with = |pairs: &[(&str, &str)]| {
        let mut surroundings = surroundings();
        surroundings.parameters =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Blueprint::read(&source, &surroundings).map_err(|error| error.to_string())
    };
    assert!(with(&[]).is_ok() && with(&[("In", "a"), ("Out", "b")]).is_ok());
    let error = with(&[("In", "a"), ("Out", "a")]).unwrap_err();
    assert!(error.contains("line 9, Rules.Two: two buckets"), "{error}");
    assert!(with(&[("Makes", "false")]).unwrap_err().contains("Rules.Named: a name"));
    assert!(with(&[("Makes", "false"), ("In", "a")]).is_ok());
}

#[test]
fn an_alias_a_mapping_and_a_role_are_read() {
    let text = r#"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        LambdaConfigurations:
          - {Event: "s3:ObjectRemoved:*", Function: !Ref Worker.Alias}
          - {Event: "s3:LifecycleExpiration:*", Function: !Ref Worker.Alias}
  Jobs: {Type: "AWS::SQS::Queue"}
  Source:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Worker.Alias, EventSourceArn: !GetAtt Jobs.Arn, Enabled: false}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement: [{Effect: Allow, Action: ["s3:GetObject", "s3:PutObject"], Resource: !Sub "${Bucket.Arn}/*"}]
  Worker:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ., Handler: work, AutoPublishAlias: live, Role: !GetAtt Role.Arn}
Outputs:
  Alias: {Value: !Ref Worker.Alias}
"#;
    let blueprint = read(text).unwrap();
    assert_eq!(
        blueprint.outputs["Alias"],
        "arn:aws:lambda:us-east-1:000000000000:function:thumbline-Worker:live"
    );
    assert!(blueprint.triggers.iter().all(|trigger| trigger.target == "thumbline-Worker"));
    assert_eq!(blueprint.triggers.len(), 2);
    let source = &blueprint.sources[0];
    assert_eq!((source.function.as_str(), source.enabled), ("thumbline-Worker", false));
    let role = blueprint.functions[0].role.as_ref().unwrap();
    let granted: Vec<_> =
        blueprint.permissions[role].iter().map(|p| (p.action.as_str(), p.resource.as_str())).collect();
    let objects = "arn:aws:s3:::thumbline-bucket-000000000000/*";
    assert_eq!(granted, [("s3:GetObject", objects), ("s3:PutObject", objects)]);

    let denies = text.replace("Effect: Allow", "Effect: Deny");
    assert!(read(&denies).unwrap_err().contains("statements that allow"), "what is left can't be listed");
    let unknown = text.replace("s3:LifecycleExpiration:*", "s3:ObjectPainted:*");
    assert!(read(&unknown).unwrap_err().contains("`s3:ObjectPainted:*` is no event"));
}

#[test]
fn an_api_is_read_with_its_keys_and_what_is_not_known_of_it_is_a_mistake() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let mut surroundings = surroundings();
    surroundings.preferences =
        [("Api".to_owned(), "enabled".to_owned()), ("ApiReading".to_owned(), "key".to_owned())].into();
    let blueprint = Blueprint::read(&TemplateSource::File(path), &surroundings).unwrap();
    let api = &blueprint.apis[0];
    assert_eq!((api.stage.as_str(), api.keys.len()), ("v1", 1));
    let keyed = |resource: &str, preflight: bool| {
        let options = Some("OPTIONS").filter(|_| preflight);
        let found = api.methods.iter().find(|method| {
            method.resource == resource && method.method.as_ref().map(http::Method::as_str) == options
        });
        found.unwrap().key_required
    };
    assert!(
        keyed("/images", false)
            && keyed("/thumbnails/{proxy+}", false)
            && !keyed("/thumbnails/{proxy+}", true)
    );
    assert!(!keyed("/", false) && !keyed("/{proxy+}", false));
    assert!(blueprint.functions.iter().any(|function| function.name == api.methods[0].function));
    assert_eq!(blueprint.cors.len(), 2);

    let text = std::fs::read_to_string(fixtures().join("api.yaml"))
        .unwrap()
        .replace("Default: disabled", "Default: enabled");
    for (there, instead, message) in [
        ("type: aws_proxy", "type: http_proxy", "aws_proxy only"),
        ("/${Function}/", "/other/", "its function `other` is not in the template"),
        ("name: x-api-key", "name: x-key", "API keys in the header x-api-key only"),
        ("[{api_key: []}]", "[{other: []}]", "`other` is not among the securitySchemes"),
        ("timeoutInMillis: 300", "timeoutInMillis: 30000", "from 50 to 29000"),
        ("get: *open", "g t: *open", "`g t` is no HTTP method"),
    ] {
        let error = read(&text.replace(there, instead)).unwrap_err();
        assert!(error.contains(message), "{message}\nis not in\n{error}");
    }
}

#[test]
fn all_mistakes_are_reported_with_their_lines_and_places() {
    let text = r"Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: package
      Handler: f
      Timeout: 3 s
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Cidr [a, b]
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 99999
  Other:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Ref Nobody
";
    let error = read(text).unwrap_err();
    for message in [
        "line 7, Resources.Function.Properties.Timeout: `3 s` is not a whole number from 1 to 900",
        "line 11, Resources.Bucket.Properties.BucketName: the local stack does not know the function Fn::Cidr",
        "line 15, Resources.Queue.Properties.VisibilityTimeout: ",
        "line 19, Resources.Other.Properties.QueueName: there is no parameter and no resource `Nobody`",
    ] {
        assert!(error.contains(message), "{message}\nis not in\n{error}");
    }
}

#[test]
fn what_leads_to_itself_is_a_mistake_and_not_the_end() {
    let circle = "Resources:\n  A: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref B}}\n  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref A}}\n";
    assert!(read(circle).unwrap_err().contains("leads to itself"));
    let circle = "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\nResources:\n  R: {Type: 'AWS::S3::Bucket'}\n";
    assert!(read(circle).unwrap_err().contains("leads to itself"));
    let circle =
        "Conditions:\n  A: !Equals [!Ref R, x]\nResources:\n  R: {Type: 'AWS::S3::Bucket', Condition: A}\n";
    assert!(read(circle).unwrap_err().contains("`R`"));
}

#[test]
fn a_buckets_own_notifications_and_a_queues_events_are_wired_too() {
    let text = r#"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: pictures
      NotificationConfiguration:
        LambdaConfigurations:
          - Event: s3:ObjectCreated:Put
            Function: !GetAtt Worker.Arn
            Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: Suffix, Value: .jpg}]}}
  Jobs: {Type: "AWS::SQS::Queue", Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}}
  Dead: {Type: "AWS::SQS::Queue"}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: work
      ReservedConcurrentExecutions: 2
      Events:
        Job:
          Type: SQS
          Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures], Enabled: false}
        Web: {Type: Api, Properties: {Path: /, Method: get}}
"#;
    let blueprint = read(text).unwrap();
    let trigger = &blueprint.triggers[0];
    assert_eq!((trigger.bucket.as_str(), trigger.target.as_str()), ("pictures", "thumbline-Worker"));
    assert_eq!(trigger.events, ["s3:ObjectCreated:Put"]);
    assert_eq!((trigger.prefix.as_deref(), trigger.suffix.as_deref()), (Some("in/"), Some(".jpg")));
    let source = &blueprint.sources[0];
    assert_eq!(source.queue, "arn:aws:sqs:us-east-1:000000000000:thumbline-Jobs");
    assert_eq!((source.batch_size, source.enabled, source.report_batch_item_failures), (5, false, true));
    assert_eq!(blueprint.queues[0].redrive.as_ref().unwrap().max_receive_count, 3);
    assert_eq!(blueprint.functions[0].reserved_concurrency, Some(2));
    assert_eq!(blueprint.functions[0].task_root, Path::new("/project/."));
}
