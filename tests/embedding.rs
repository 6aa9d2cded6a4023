//! The library inside an application: on the application's own device, with its
//! limits, its textures and its command encoders, from many threads, and when
//! the device is lost.

#[path = "embedding/common.rs"]
mod common;
#[path = "support/host.rs"]
mod host;
#[path = "embedding/inputs.rs"]
mod inputs;
#[path = "embedding/limits.rs"]
mod limits;
#[path = "embedding/loading.rs"]
mod loading;
#[path = "embedding/loss.rs"]
mod loss;
#[path = "embedding/recorder.rs"]
mod recorder;
#[path = "support/mod.rs"]
#[allow(dead_code, reason = "of the goldens, this needs the weights alone")]
mod support;
#[path = "embedding/tasks.rs"]
mod tasks;
#[path = "embedding/threads.rs"]
mod threads;
