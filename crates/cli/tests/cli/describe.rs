//! Tests of `resnet summary`, `devices` and `verify`.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{Folder, command, finished, keys, resnet, without_adapter};

fn json(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

#[test]
fn resnet50_has_its_published_totals() {
    let stdout = resnet(&["summary", "--model", "resnet50"]).ok();
    let last = stdout.trim_end().lines().last().unwrap();
    assert_eq!(
        last,
        "resnet50: 25,557,032 parameters, 4.09 GMAC for one image of 3×224×224"
    );
    assert!(stdout.contains("layer4.2.conv3"), "{stdout}");
    let found = json(&resnet(&["summary", "--json", "--model", "resnet50"]).ok());
    assert_eq!(
        keys(&found),
        [
            "model",
            "recognised",
            "input",
            "classes",
            "labels",
            "parameters",
            "macs",
            "layers"
        ]
    );
    assert_eq!(found["parameters"], 25_557_032);
    assert_eq!(found["input"], json("[3,224,224]"));
    let layers = found["layers"].as_array().unwrap();
    assert_eq!(
        keys(&layers[0]),
        ["layer", "kind", "output", "parameters", "macs"]
    );
    let sum = |key: &str| layers.iter().map(|l| l[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(found["parameters"], sum("parameters"));
    assert_eq!(found["macs"], sum("macs"));
}

#[test]
fn the_default_says_how_it_was_recognised() {
    let stdout = resnet(&["summary"]).ok();
    assert!(stdout.contains("network: resnet20"), "{stdout}");
    assert!(
        stdout.contains("zero channels: half before and half after"),
        "{stdout}"
    );
    // Another input size changes shapes, but not parameters.
    let size = |n: &str| json(&resnet(&["summary", "--json", "--input-size", n]).ok());
    let (small, large) = (size("32"), size("64"));
    assert_eq!(small["parameters"], large["parameters"]);
    assert!(small["macs"].as_u64() < large["macs"].as_u64());
}

#[test]
fn graphs_are_drawn_and_plans_printed() {
    let dot = resnet(&["summary", "--model", "plain20", "--dot"]).ok();
    assert!(dot.starts_with("digraph \"plain20\" {"), "{dot}");
    assert!(dot.trim_end().ends_with('}'));
    let plan = resnet(&["summary", "--plan", "--batch-size", "3"]).ok();
    assert!(plan.contains("batch 3"), "{plan}");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    for args in [
        &["summary"][..],
        &["classify", "--device", "cpu", "photos"],
        &["devices"],
    ] {
        let mut command = command(args);
        let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::piped()))
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = finished(child.wait_with_output().unwrap());
        assert_eq!(
            (output.code, output.errors().len()),
            (0, 0),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn devices_are_listed() {
    let found = json(&resnet(&["devices", "--json"]).ok());
    assert_eq!(keys(&found), ["auto", "devices"]);
    let devices = found["devices"].as_array().unwrap();
    assert!(!devices.is_empty());
    for (i, device) in devices.iter().enumerate() {
        assert_eq!(device["index"], i);
        assert!(device["limits"]["max_storage_buffer_binding_size"].as_u64() > Some(0));
    }
    let text = resnet(&["devices"]).ok();
    assert_eq!(text.matches("(selected by `auto`)").count(), 1, "{text}");
    assert!(
        text.trim_end().lines().last().unwrap().starts_with("cpu: "),
        "{text}"
    );

    let text = without_adapter(&["devices"]).ok();
    assert!(
        text.starts_with("no GPU driver found; install one"),
        "{text}"
    );
    let none = json(&without_adapter(&["devices", "--json"]).ok());
    assert_eq!(
        (&none["auto"], &none["devices"]),
        (&"cpu".into(), &json("[]"))
    );
}

#[test]
fn resnet20_verifies() {
    let stdout = resnet(&["verify", "--model", "resnet20"]).ok();
    assert!(stdout.ends_with("passed\n"), "{stdout}");
    assert!(!stdout.contains("FAILED"), "{stdout}");
    assert!(stdout.contains("logits, end to end"), "{stdout}");
    let found = json(&resnet(&["verify", "--json", "--batch-size", "1"]).ok());
    assert_eq!(
        keys(&found),
        [
            "model",
            "device",
            "batch",
            "precision",
            "tolerance",
            "passed",
            "logits",
            "layers"
        ]
    );
    assert_eq!(
        (&found["passed"], &found["batch"]),
        (&true.into(), &1.into())
    );
    assert!(found["layers"].as_array().unwrap().len() > 20);
    assert!(found["logits"]["relative"].as_f64().unwrap() < 1e-4);
}

#[test]
fn kernels_verify() {
    let stdout = resnet(&["verify", "--kernels", "--cases", "2", "--seed", "5"]).ok();
    assert!(stdout.ends_with("passed\n"), "{stdout}");
    // No device has subgroups of two sizes at once, so some kernels never run.
    assert!(stdout.contains("not run: needs subgroups of"), "{stdout}");
    let args = ["verify", "--kernels", "--cases", "2", "--json"];
    let found = json(&resnet(&args).ok());
    assert_eq!(
        keys(&found),
        [
            "device",
            "seed",
            "cases",
            "precision",
            "tolerance",
            "passed",
            "kernels"
        ]
    );
}

#[test]
fn there_is_nothing_to_verify_without_a_gpu() {
    let error = without_adapter(&["verify"]).error(1);
    assert!(
        error.contains("apt-get install mesa-vulkan-drivers"),
        "{error}"
    );
    let error = resnet(&["verify", "--device", "cpu"]).error(2);
    assert!(error.contains("expected a GPU"), "{error}");
}

/// Every command has a manual page, and every shell has a completion script.
#[test]
fn pages_and_completions_know_every_command() {
    let help = resnet(&["--help"]).ok();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .map_while(|line| line.split_whitespace().next())
        .collect();
    assert!(
        commands.contains(&"classify") && commands.contains(&"man"),
        "{commands:?}"
    );
    let page = resnet(&["man"]).ok();
    assert!(page.contains(".TH resnet 1"), "{page}");
    let folder = Folder::new();
    assert_eq!(resnet(&["man", "--to", &folder.arg("")]).ok(), "");
    for command in commands.iter().filter(|command| **command != "help") {
        let page = folder.path(&format!("resnet-{command}.1"));
        let page = std::fs::read_to_string(page).unwrap();
        assert!(page.contains(".SH OPTIONS"), "{command}");
    }
    let output = resnet(&["man", "--to", &folder.arg("none")]);
    assert_eq!(output.code, 1);
    assert!(
        output.stderr.contains("name an existing folder"),
        "{}",
        output.stderr
    );
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = resnet(&["completions", shell]).ok();
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}
