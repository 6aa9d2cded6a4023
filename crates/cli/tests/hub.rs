//! Tests of fetching models by name from a hub on this machine: the transfers, the contents of the
//! cache, and the hub's failures.

#[path = "hub/between.rs"]
mod between;
#[path = "hub/cache.rs"]
mod cache;
#[path = "hub/fetch.rs"]
mod fetch;
#[path = "hub/offline.rs"]
mod offline;
#[path = "hub/refused.rs"]
mod refused;
#[path = "hub/responses.rs"]
mod responses;
#[path = "hub/resume.rs"]
mod resume;
#[path = "hub/revisions.rs"]
mod revisions;
#[path = "hub/server.rs"]
mod server;
#[path = "hub/support.rs"]
mod support;
#[path = "hub/usage.rs"]
mod usage;
