//! The stack: everything that a template describes, running.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use redb::{Database, DatabaseError};
use thumbline_local_gateway::{Gateway, RestApi};
use thumbline_local_lambda::{
    Account, AsyncConfig, FunctionConfig, Lambda, LambdaOptions, LogSink, Sqs, SqsError, StartError,
};
use thumbline_local_s3::{CorsRule, CreateBucketError, OpenError, S3, S3Options};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::endpoints::Endpoints;
use crate::jobs::Jobs;
use crate::listener::{self, Services};
use crate::sink::Functions;
use crate::template::{Blueprint, FunctionPlan, Surroundings, TemplateError, TemplateSource};

/// The account of every local stack.
const ACCOUNT_ID: &str = "000000000000";
const REGION: &str = "us-east-1";
/// The only credentials of every local stack. They open nothing but what listens on this machine.
const ACCESS_KEY_ID: &str = "thumbline";
const SECRET_ACCESS_KEY: &str = "thumbline-local";
const STACK_NAME: &str = "thumbline";
/// For how long an environment waits for work before it is stopped. Lambda does not say; it is minutes there too.
const IDLE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How long transactions may take to finish when the stack stops.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// What is deployed.
    pub template: TemplateSource,
    /// The template's parameters; those that are not named have their defaults.
    pub parameters: BTreeMap<String, String>,
    /// The folder that keeps everything: objects, events, messages. Made if it is missing.
    pub data: PathBuf,
    /// The parameters' values where the template has such parameters and `parameters` does not say.
    pub preferences: BTreeMap<String, String>,
    /// Where to listen. Port 0 lets the system choose.
    pub address: SocketAddr,
    /// Where to listen for the REST API, if the template has one. Port 0 lets the system choose.
    pub api_address: SocketAddr,
    /// The executable that stands for the layer's `bootstrap`, for functions whose package has none.
    pub bootstrap: PathBuf,
    /// The most environments of each function.
    pub concurrency: usize,
    /// The waits before further attempts at a failed event, instead of Lambda's one and two minutes.
    pub retry_delays: Option<Vec<Duration>>,
    /// Variables that every function gets besides its own, or instead of them.
    pub environment: BTreeMap<String, String>,
    /// Receives the functions' logs.
    pub logs: LogSink,
}

impl StackOptions {
    /// A stack on any free port of this machine, with one environment of each function for each core and Lambda's own
    /// waits before further attempts.
    pub fn new(
        template: impl Into<PathBuf>,
        data: impl Into<PathBuf>,
        bootstrap: impl Into<PathBuf>,
    ) -> Self {
        Self {
            template: TemplateSource::File(template.into()),
            parameters: BTreeMap::new(),
            preferences: BTreeMap::new(),
            data: data.into(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            bootstrap: bootstrap.into(),
            concurrency: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            retry_delays: None,
            environment: BTreeMap::new(),
            logs: LogSink::default(),
        }
    }
}

/// Why a stack cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template does not say where something is that every stack has.
    #[error("the template has no output `{name}`, by which {what} is found; add it under Outputs")]
    Output {
        /// The output.
        name: &'static str,
        /// What it names.
        what: &'static str,
    },
    /// Nobody can listen there.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for any that is free")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The folder cannot be made.
    #[error("cannot make the data folder {}: {source}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another stack has it.
    #[error("the data folder {} is in use by another running stack; stop that one, or choose another folder", .0.display())]
    InUse(PathBuf),
    /// The database cannot be opened.
    #[error("the database {} cannot be opened: {source}; if it is damaged, start with an empty data folder", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<DatabaseError>,
    },
    /// The bootstrap is not there.
    #[error("function `{function}` has no executable: neither its package has a `bootstrap`, nor is there {}; build it first", .bootstrap.display())]
    Bootstrap {
        /// The function.
        function: String,
        /// What was to stand for the layer's.
        bootstrap: PathBuf,
    },
    /// The queues cannot be opened.
    #[error("the stack's queues: {0}")]
    Queues(#[from] SqsError),
    /// The functions cannot be started.
    #[error(transparent)]
    Functions(#[from] StartError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A bucket cannot be created.
    #[error(transparent)]
    Bucket(#[from] CreateBucketError),
}

/// A running stack. [`stop`](Self::stop) it for a graceful end; dropping it ends it at once.
#[derive(Debug)]
pub struct Stack {
    endpoints: Endpoints,
    blueprint: Blueprint,
    services: ServicesHandle,
    /// Dropping them tells the listeners to stop.
    stop: Vec<oneshot::Sender<Infallible>>,
    listeners: JoinSet<()>,
    database: Arc<Database>,
}

/// The services, without the noise of their insides in debug output.
struct ServicesHandle(Services);

impl std::fmt::Debug for ServicesHandle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Services")
    }
}

impl Stack {
    /// Starts everything that the template describes. Events that an earlier run left behind are delivered.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let (listener, address) = bind(options.address).await?;
        let url = format!("http://{address}");
        let surroundings = Surroundings {
            stack_name: STACK_NAME.to_owned(),
            region: REGION.to_owned(),
            account_id: ACCOUNT_ID.to_owned(),
            endpoint: url.clone(),
            parameters: options.parameters.clone(),
            preferences: options.preferences.clone(),
        };
        let blueprint = Blueprint::read(&options.template, &surroundings)?;
        let door = match blueprint.apis.first() {
            Some(api) => Some((api.clone(), bind(options.api_address).await?)),
            None => None,
        };
        let api = door.as_ref().map(|(api, (_, address))| (api, *address));
        let endpoints = endpoints(&blueprint, &url, api)?;
        let account = Account {
            id: ACCOUNT_ID.to_owned(),
            region: REGION.to_owned(),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret_access_key: SECRET_ACCESS_KEY.to_owned(),
        };
        let owner = account.clone();
        let functions = blueprint
            .functions
            .iter()
            .map(|plan| configure(plan, &options, &url))
            .collect::<Result<_, _>>()?;

        let database = open(&options.data)?;
        let sqs = Sqs::open(database.clone(), account.clone(), blueprint.queues.clone()).await?;
        let lambda = Lambda::start(LambdaOptions {
            account,
            database: database.clone(),
            queues: sqs.clone(),
            functions,
            sources: blueprint.sources.clone(),
            idle_limit: IDLE_LIMIT,
            logs: options.logs,
        })
        .await?;
        let s3 = S3::open(S3Options {
            database: database.clone(),
            blobs: options.data.join("blobs"),
            credentials: thumbline_local_s3::Credentials {
                access_key_id: ACCESS_KEY_ID.to_owned(),
                secret_access_key: SECRET_ACCESS_KEY.to_owned(),
            },
            region: REGION.to_owned(),
            cors: local_origins(&blueprint.cors, api),
            rules: blueprint.triggers.clone(),
            sink: Some(Arc::new(Functions(lambda.clone()))),
        })?;
        for bucket in &blueprint.buckets {
            s3.create_bucket(bucket).await?;
        }
        let permissions = blueprint.permissions.clone();
        let jobs = Jobs::new(owner, lambda.clone(), client(&url), permissions);
        let services = Services { s3, lambda, sqs, jobs };
        let mut listeners = JoinSet::new();
        let (stop, stopped) = oneshot::channel();
        let mut stops = vec![stop];
        listeners.spawn(listener::serve(listener, services.clone(), stopped));
        if let Some((api, (listener, address))) = door {
            let gateway = Gateway::new(api, ACCOUNT_ID, services.lambda.clone(), address.port());
            let (stop, stopped) = oneshot::channel();
            stops.push(stop);
            listeners.spawn(listener::serve(listener, gateway, stopped));
        }
        Ok(Self {
            endpoints,
            blueprint,
            services: ServicesHandle(services),
            stop: stops,
            listeners,
            database,
        })
    }

    /// Where everything is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What was taken from the template.
    pub fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// The stack's S3: its requests can be watched and made to fail.
    pub fn s3(&self) -> &S3 {
        &self.services.0.s3
    }

    /// The stack's functions: their invocations can be watched.
    pub fn lambda(&self) -> &Lambda {
        &self.services.0.lambda
    }

    /// The stack's queues.
    pub fn sqs(&self) -> &Sqs {
        &self.services.0.sqs
    }

    /// Waits until every event is dealt with and nothing runs.
    pub async fn idle(&self) {
        self.services.0.lambda.idle().await;
    }

    /// Stops everything. Requests may finish; functions are killed, and what they were doing comes again at the next
    /// start with the same data folder.
    pub async fn stop(mut self) {
        self.stop.clear();
        self.services.0.jobs.stop();
        self.services.0.lambda.stop().await;
        while self.listeners.join_next().await.is_some() {}
        let database = self.database.clone();
        drop(self);
        close(database).await;
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.listeners.abort_all();
        self.services.0.jobs.stop();
        self.services.0.lambda.abort();
    }
}

/// A client of the stack's own S3, for what reads and writes objects as everybody does.
fn client(url: &str) -> Client {
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "the stack");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .region(Region::new(REGION))
        .credentials_provider(credentials)
        .force_path_style(true);
    Client::from_conf(config.build())
}

/// Waits until nobody else uses the database and closes it, so that the data folder is free for the next stack.
/// Transactions that had begun are on threads of their own, which cannot be cancelled and do not take long.
async fn close(database: Arc<Database>) {
    let last = async {
        while Arc::strong_count(&database) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    if tokio::time::timeout(CLOSE_LIMIT, last).await.is_err() {
        tracing::debug!("somebody still holds a part of the stack, and with it the data folder");
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StackError> {
    let listen = |source| StackError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    Ok((listener, bound))
}

/// The buckets' rules for this machine: where they name the API's own origin on AWS, they name the one that it has here.
fn local_origins(
    cors: &BTreeMap<String, Vec<CorsRule>>,
    api: Option<(&RestApi, SocketAddr)>,
) -> BTreeMap<String, Vec<CorsRule>> {
    let mut cors = cors.clone();
    if let Some((api, address)) = api {
        let on_aws = format!("https://{}.execute-api.{REGION}.amazonaws.com", api.id);
        let names_api = |rule: &&mut CorsRule| rule.origins.contains(&on_aws);
        for rule in cors.values_mut().flatten().filter(names_api) {
            rule.origins.push(format!("http://{address}"));
            rule.origins.push(format!("http://localhost:{}", address.port()));
        }
    }
    cors
}

fn endpoints(
    blueprint: &Blueprint,
    url: &str,
    api: Option<(&RestApi, SocketAddr)>,
) -> Result<Endpoints, StackError> {
    let output = |name: &'static str, what: &'static str| {
        blueprint.outputs.get(name).cloned().ok_or(StackError::Output { name, what })
    };
    Ok(Endpoints {
        s3: url.to_owned(),
        api: api.map(|(api, address)| format!("http://{address}/{}", api.stage)),
        api_key: api.and_then(|(api, _)| api.keys.first()).map(|key| key.value.clone()),
        lambda: url.to_owned(),
        sqs: url.to_owned(),
        input_bucket: output("InputBucketName", "the bucket for pictures")?,
        output_bucket: output("OutputBucketName", "the bucket of thumbnails")?,
        failure_queue: output("FailureQueueUrl", "the queue of failed events")?,
        region: REGION.to_owned(),
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: SECRET_ACCESS_KEY.to_owned(),
    })
}

fn configure(plan: &FunctionPlan, options: &StackOptions, url: &str) -> Result<FunctionConfig, StackError> {
    // As on Lambda, which looks into the package first and into the layers then.
    let own = plan.task_root.join("bootstrap");
    let bootstrap = if own.is_file() { &own } else { &options.bootstrap };
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if !bootstrap.is_file() {
        let (function, bootstrap) = (plan.name.clone(), bootstrap.clone());
        return Err(StackError::Bootstrap { function, bootstrap });
    }
    let mut function = FunctionConfig::new(plan.name.clone(), absolute(bootstrap), absolute(&plan.task_root));
    function.alias.clone_from(&plan.alias);
    function.handler.clone_from(&plan.handler);
    function.timeout = plan.timeout;
    function.memory_mb = plan.memory_mb;
    function.concurrency = plan.reserved_concurrency.unwrap_or(usize::MAX).min(options.concurrency);
    function.environment.insert("AWS_ENDPOINT_URL".to_owned(), url.to_owned());
    function.environment.extend(plan.environment.clone());
    function.environment.extend(options.environment.clone());
    let mut retry_delays =
        options.retry_delays.clone().unwrap_or_else(|| AsyncConfig::default().retry_delays);
    retry_delays.truncate(plan.max_retries);
    function.asynchronous =
        AsyncConfig { retry_delays, max_event_age: plan.max_event_age, on_failure: plan.on_failure.clone() };
    Ok(function)
}

fn open(data: &Path) -> Result<Arc<Database>, StackError> {
    std::fs::create_dir_all(data).map_err(|source| StackError::Folder { folder: data.to_owned(), source })?;
    let path = data.join("index.redb");
    match Database::create(&path) {
        Ok(database) => Ok(Arc::new(database)),
        Err(DatabaseError::DatabaseAlreadyOpen) => Err(StackError::InUse(data.to_owned())),
        Err(source) => Err(StackError::Database { path, source: Box::new(source) }),
    }
}
