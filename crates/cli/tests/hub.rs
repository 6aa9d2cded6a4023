//! Fetching models by name, from a hub on this machine: what is transferred,
//! what lies in the cache, and what happens on the hub's bad days.

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
#[path = "hub/replies.rs"]
mod replies;
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
