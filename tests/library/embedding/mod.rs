//! Tests of the library inside an application: on the application's own device with its limits,
//! textures and command encoders, from many threads, and after the loss of the device.

mod common;
mod inputs;
mod limits;
mod loading;
mod loss;
mod recorder;
mod tasks;
mod threads;
