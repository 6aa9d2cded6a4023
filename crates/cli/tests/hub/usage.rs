//! Tests of invalid names, and of presets with and without known weights.

use crate::server::{File, commit};
use crate::support::{User, contains, hub, weights};

#[test]
fn invalid_names_are_rejected() {
    let user = User::without_network();
    for (args, says) in [
        (&["fetch"][..], &["required"][..]),
        (
            &["fetch", "a/b/c"],
            &["expected org/name", "timm/resnet50.a1_in1k"],
        ),
        (&["fetch", "a/b@../c"], &["a branch, tag or commit"]),
        (&["fetch", "resnet51"], &["such as resnet50"]),
        (
            &["fetch", "plain18"],
            &["no trained weights of plain18", "resnet152", "ORG/NAME"],
        ),
        (&["summary", "--model", "a--b/c"], &["expected org/name"]),
        (
            &["summary", "--model", "weights/resnet20-cifar10.safetensors"],
            &["--weights"],
        ),
        (&["summary", "--pretrained"], &["--model"]),
        (
            &["summary", "--model", "plain18", "--pretrained"],
            &["no trained weights of plain18"],
        ),
        (
            &[
                "summary",
                "--model",
                "resnet50",
                "--pretrained",
                "--weights",
                "x",
            ],
            &["cannot be used with"],
        ),
        (
            &["summary", "--model", "a/b", "--weights", "x"],
            &["two checkpoints"],
        ),
        (
            &["verify", "--kernels", "--model", "a/b"],
            &["cannot be used with"],
        ),
        (
            &["classify", "x.png", "--model", "resnet50"],
            &["--pretrained", "timm/resnet50"],
        ),
        (
            &["classify", "x.png", "--model", "resnet50-v1"],
            &["--weights", "ORG/NAME"],
        ),
    ] {
        contains(&user.resnet(args).error(2), says);
    }
}

#[test]
fn presets_are_fetched_from_their_repositories() {
    let server = hub();
    let repository = "timm/resnet18.tv_in1k";
    let files = vec![File::large("model.safetensors", weights())];
    server
        .state()
        .commits
        .push((repository, commit('d'), files));
    server
        .state()
        .revisions
        .push((repository, "main", commit('d')));
    let user = User::new(&server);
    let path = user.resnet(&["fetch", "resnet18"]).ok();
    contains(
        &path,
        &["models--timm--resnet18.tv_in1k", "model.safetensors"],
    );
    // These are the weights of a ResNet-20. The fetched network must be the named network.
    let output = user.resnet(&["summary", "--model", "resnet18", "--pretrained"]);
    contains(&output.error(1), &["resnet18", "do not fit"]);
}

#[test]
fn the_embedded_weights_need_no_fetch() {
    let user = User::without_network();
    let classify = ["classify", "photos/chelsea.png", "--device", "cpu"];
    let default = user.resnet(&classify);
    contains(
        &default.stderr,
        &["--model resnet50 --pretrained", "resnet models"],
    );
    let named = [&classify[..], &["--model", "resnet20", "--pretrained"]].concat();
    assert_eq!(user.resnet(&named).ok(), default.ok());
    assert_eq!(
        user.resnet(&["fetch", "resnet20"]).says("nothing to fetch"),
        ""
    );
    assert_eq!(user.files(), [""; 0]);
}
