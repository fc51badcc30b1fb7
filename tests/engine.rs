//! The engine from outside: whole worlds driven by commands, judged by their facts.

mod engine {
    mod cluster;
    mod cooperative;
    mod facts;
    mod fetch_sessions;
    mod idempotence;
    mod kernel;
    mod kip_101;
    mod lab;
    mod log_dirs;
    mod power;
    mod quorum;
    mod replication;
    mod storage;
    mod topics;
    mod unnoticed;
    mod zookeeper;
    mod zookeeper_changes;
    mod zookeeper_consumer;
}
