//! The library inside an application: on the application's own device, with its
//! limits, its textures and its command encoders, from many threads, and when
//! the device is lost.

mod common;
mod inputs;
mod limits;
mod loading;
mod loss;
mod recorder;
mod tasks;
mod threads;
