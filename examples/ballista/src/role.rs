//! What a process of the cluster does.

use std::net::SocketAddr;
use std::sync::Arc;

use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;

use crate::Done;
use crate::cluster::EXECUTORS;

/// Hands out work, and hands it out again when an executor is silent for three seconds.
pub(crate) async fn schedule(port: u16) -> Done<()> {
    let config = SchedulerConfig {
        bind_port: port,
        external_host: "127.0.0.1".into(),
        executor_timeout_seconds: 3,
        expire_dead_executor_interval_seconds: 1,
        min_ready_executors: EXECUTORS,
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Ok(start_server(cluster, address, Arc::new(config)).await?)
}

/// Does the work of one core, and keeps what it hands over in the folder.
pub(crate) async fn execute(scheduler: u16, [port, grpc]: [u16; 2], folder: &str) -> Done<()> {
    let config = ExecutorProcessConfig {
        port,
        grpc_port: grpc,
        external_host: Some("127.0.0.1".into()),
        scheduler_host: "127.0.0.1".into(),
        scheduler_port: scheduler,
        scheduler_connect_timeout_seconds: 30,
        executor_heartbeat_interval_seconds: 1,
        vcores: 1,
        work_dir: Some(folder.to_owned()),
        ..ExecutorProcessConfig::default()
    };
    Ok(start_executor_process(Arc::new(config)).await?)
}
