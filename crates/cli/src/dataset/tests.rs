//! Tests of each dataset format and of rejected input.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Dataset, DatasetError, Sample, SampleSource, find_images};
use resnet_wgpu::Labels;

/// Creates a directory with these files, each with a few bytes of content.
pub(super) fn files(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "pixels").unwrap();
    }
    dir
}

fn file(bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn open10(path: &Path) -> Result<Dataset, DatasetError> {
    Dataset::open(path, Some(&Labels::cifar10()), 10)
}

fn refusal(found: Result<Dataset, DatasetError>) -> String {
    let text = found.unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

fn refusal_of(bytes: impl AsRef<[u8]>) -> String {
    let (_dir, path) = file(bytes);
    refusal(open10(&path))
}

/// Returns the paths relative to `root`, with their classes.
fn list(data: &Dataset, root: &Path) -> Vec<(String, usize)> {
    let sample = |i| match data.get(i).unwrap() {
        Sample {
            label,
            source: SampleSource::File(path),
        } => {
            let path = path.strip_prefix(root).unwrap().to_string_lossy();
            (path.replace('\\', "/"), label)
        }
        other => panic!("{other:?}"),
    };
    (0..data.len()).map(sample).collect()
}

fn entries(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    let owned = |&(path, label): &(&str, usize)| (path.to_owned(), label);
    expected.iter().map(owned).collect()
}

#[test]
fn folders_named_by_label_synset_or_index() {
    let dir = files(&[
        "truck/b.PNG",
        "cat/a.jpg",
        "cat/deep/z.webp",
        "cat/notes.txt",
    ]);
    let data = open10(dir.path()).unwrap();
    let expected = [("cat/a.jpg", 3), ("cat/deep/z.webp", 3), ("truck/b.PNG", 9)];
    assert_eq!(list(&data, dir.path()), entries(&expected));
    assert_eq!(data.note(), None);
    assert!(matches!(
        data.get(3),
        Err(DatasetError::NoSuchImage { index: 3, len: 3 })
    ));

    let dir = files(&["n02124075/a.jpg", "n01440764/b.jpeg"]);
    let own = Labels::from_list((0..1000).map(|i| format!("class number {i}")).collect());
    for labels in [None, Some(&own)] {
        let data = Dataset::open(dir.path(), labels, 1000).unwrap();
        let expected = [("n01440764/b.jpeg", 0), ("n02124075/a.jpg", 285)];
        assert_eq!(list(&data, dir.path()), entries(&expected));
    }

    let dir = files(&["10/a.gif", "2/b.tif"]);
    let data = Dataset::open(dir.path(), None, 11).unwrap();
    assert_eq!(
        list(&data, dir.path()),
        entries(&[("10/a.gif", 10), ("2/b.tif", 2)])
    );
    assert!(refusal(open10(dir.path())).contains("expected a class from 0 to 9"));
}

#[test]
fn other_folders_are_numbered_in_order() {
    let dir = files(&["b/1.bmp", "a/2.bmp", "c/3.bmp", ".git/4.bmp", "5.bmp"]);
    fs::create_dir(dir.path().join("aa")).unwrap();
    let data = Dataset::open(dir.path(), None, 4).unwrap();
    // The empty folder counts as a class: with it, there are four folders.
    let expected = [("a/2.bmp", 0), ("b/1.bmp", 2), ("c/3.bmp", 3)];
    assert_eq!(list(&data, dir.path()), entries(&expected));
    assert!(
        data.note()
            .unwrap()
            .ends_with("left out: .git; without images (counted as classes): aa")
    );
    let data = open10(dir.path()).unwrap();
    assert!(
        data.note()
            .unwrap()
            .contains("3 class folders for a network of 10")
    );
    // The number of folders with images equals the number of classes, so the empty folder is not a
    // class.
    let data = Dataset::open(dir.path(), None, 3).unwrap();
    let expected = [("a/2.bmp", 0), ("b/1.bmp", 1), ("c/3.bmp", 2)];
    assert_eq!(list(&data, dir.path()), entries(&expected));
    let found = refusal(Dataset::open(dir.path(), None, 2));
    assert!(found.contains("expected a class from 0 to 1"), "{found}");
    // Some datasets count classes from 1.
    let dir = files(&["1/a.png", "2/b.png"]);
    let data = Dataset::open(dir.path(), None, 2).unwrap();
    assert_eq!(
        list(&data, dir.path()),
        entries(&[("1/a.png", 0), ("2/b.png", 1)])
    );
}

#[test]
fn folders_of_which_some_are_labels_are_refused() {
    let dir = files(&["cat/a.png", "lynx/b.png"]);
    let found = refusal(open10(dir.path()));
    assert!(
        found.contains("lynx: expected") && found.contains("--labels"),
        "{found}"
    );
}

#[test]
fn directories_without_images_are_refused() {
    let dir = files(&["a.png"]);
    assert!(refusal(open10(dir.path())).contains("one folder for each class"));
    let dir = files(&["cat/a.txt"]);
    assert!(refusal(open10(dir.path())).contains("expected images (png, jpg"));
    let missing = dir.path().join("missing");
    assert!(refusal(open10(&missing)).contains("no such path"));
    assert!(find_images(&missing).is_err());
    let found = find_images(dir.path()).unwrap_err().to_string();
    assert!(found.contains("found none"), "{found}");
}

#[test]
fn csv_has_paths_from_its_own_folder() {
    for header in ["", "path,label\n", "\u{feff}Image, Class\r\n"] {
        let text = format!("{header}a.png,3\n\n\"b, c.jpg\" , truck\nsub/d.png,0");
        let (dir, path) = file(text);
        let data = open10(&path).unwrap();
        let expected = [("a.png", 3), ("b, c.jpg", 9), ("sub/d.png", 0)];
        assert_eq!(list(&data, dir.path()), entries(&expected));
    }
    let (dir, path) = file("a.png,n02124075\n");
    let data = Dataset::open(&path, None, 1000).unwrap();
    assert_eq!(list(&data, dir.path()), entries(&[("a.png", 285)]));
}

#[test]
fn bad_csv_lines_are_named() {
    for (text, what) in [
        (
            "a.png,1\nb.png",
            "line 2: expected path,label, found one field",
        ),
        (
            "path,label\na.png,1,2\n",
            "line 2: expected path,label, found 3 fields",
        ),
        (
            "a.png,10\n",
            "line 1: expected a class from 0 to 9, as the network has 10, found 10",
        ),
        (
            "a.png,1\n\nb.png,lynx\n",
            "line 3: expected a class index, a label's exact name",
        ),
        ("a.png,-1\n", "found \"-1\""),
        (",1\n", "an empty path"),
        ("path,label\n", "expected images"),
        ("", "expected images"),
    ] {
        let found = refusal_of(text);
        assert!(found.contains(what), "{found}");
    }
    let mut text = "a.png,1\n".repeat(2000).into_bytes();
    text.extend(b"\xff.png,1\n");
    let found = refusal_of(text);
    assert!(
        found.contains("line 2001") && found.contains("not UTF-8"),
        "{found}"
    );
}

/// Creates records with these labels; byte `i` of a record's pixels is `i / 1024 + 100`.
fn cifar(labels: &[u8]) -> Vec<u8> {
    let pixels = || (0..3072).map(|i| (i / 1024) as u8 + 100);
    let record = |&label: &u8| std::iter::once(label).chain(pixels());
    labels.iter().flat_map(record).collect()
}

#[test]
fn cifar_planes_become_pixels() {
    let mut bytes = cifar(&[9, 0, 7]);
    bytes[2 * 3073 + 1 + 33] = 5; // Red of row 1, column 1 of the last image.
    let (_dir, path) = file(&bytes);
    let data = open10(&path).unwrap();
    assert_eq!((data.len(), data.is_empty()), (3, false));
    let labels: Vec<usize> = (0..3).map(|i| data.get(i).unwrap().label).collect();
    assert_eq!(labels, [9, 0, 7]);
    let SampleSource::Rgb {
        width,
        height,
        data,
    } = data.get(2).unwrap().source
    else {
        panic!("decoded pixels")
    };
    assert_eq!((width, height, data.len()), (32, 32, 3072));
    assert_eq!(data[..6], [100, 101, 102, 100, 101, 102]);
    assert_eq!(data[33 * 3..34 * 3], [5, 101, 102]);
}

#[test]
fn damaged_cifar_files_are_refused() {
    for labels in [[1, 2], [9, 9]] {
        let (_dir, path) = file(&cifar(&labels)[..6000]);
        let found = refusal(open10(&path));
        let what = "expected a multiple of 3073 bytes";
        assert!(
            found.contains(what) && found.contains("found 6000 bytes, 2927 more"),
            "{found}"
        );
    }
    let (_dir, path) = file(&cifar(&[3])[..700]);
    assert!(refusal(open10(&path)).contains("found 700 bytes"));
    for label in [4, 255] {
        let (_dir, path) = file(cifar(&[1, label]));
        let found = refusal(Dataset::open(path, None, 4));
        assert!(found.contains("data, image 1: expected a class"), "{found}");
    }
}

#[test]
fn other_files_are_refused() {
    let (_dir, path) = file(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let found = refusal(open10(&path));
    assert!(
        found.contains(r#"starts with "\x89PNG\r\n\x1a\n""#),
        "{found}"
    );
    let (_dir, path) = file("pa\0th,label");
    assert!(refusal(open10(&path)).contains("CIFAR-10's binary format"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let dir = files(&["cat/a.png"]);
    let cat = dir.path().join("cat");
    symlink(dir.path(), cat.join("circle")).unwrap();
    symlink(&cat, dir.path().join("dog")).unwrap();
    symlink("nowhere", cat.join("lost.png")).unwrap();
    symlink("nowhere", cat.join("lost")).unwrap();
    symlink("nowhere", dir.path().join("ship")).unwrap();
    let data = open10(dir.path()).unwrap();
    let expected = [
        ("cat/a.png", 3),
        ("cat/lost.png", 3),
        ("dog/a.png", 5),
        ("dog/lost.png", 5),
    ];
    assert_eq!(list(&data, dir.path()), entries(&expected));
    let pipe = Path::new("/dev/null");
    assert!(refusal(open10(pipe)).contains("neither a file nor a directory"));
}

#[test]
fn labels_in_a_file_of_their_own() {
    let dir = files(&["val/b.png", "val/a.JPEG", "val/c.png"]);
    let folder = dir.path().join("val");
    let labels = Labels::cifar10();
    let truth = |text: &str| {
        let path = dir.path().join("truth.txt");
        fs::write(&path, text).unwrap();
        Dataset::with_truth(&folder, path, Some(&labels), 10)
    };
    let in_order = [("a.JPEG", 3), ("b.png", 0), ("c.png", 9)];
    for text in [
        "3\n0\n9\n",
        "cat\nairplane\n\ntruck",
        "c.png 9\na 3\nb.png airplane\n",
        "ImageId,PredictionString\na,3 85 1 499 272 3 1 2 3 4\nb,0 1 2 3 4\nc,9 \n",
    ] {
        let data = truth(text).unwrap();
        assert_eq!(list(&data, &folder), entries(&in_order), "{text}");
        assert_eq!((data.name(0), data.label(2)), ("a.JPEG".into(), Some(9)));
        assert_eq!((data.name(3), data.label(3)), (String::new(), None));
        let numbers = text.starts_with('3') || text.starts_with("ImageId");
        assert_eq!(data.note().is_some(), numbers, "{text}");
    }
    // Images that no line names are left out.
    assert_eq!(truth("c.png 9").unwrap().len(), 1);
    for (text, says) in [
        (
            "1\n2\n",
            "a label for each of 3 images, one a line, found 2 lines",
        ),
        ("z.png 1\n", "line 1: expected the name of an image"),
        ("a 1\n2\n", "line 2: expected a name and a label"),
        ("1\nb 2\n", "line 2: expected a label alone"),
        ("1\n2\n10\n", "line 3: expected a class from 0 to 9"),
        ("a unicorn\n", "found \"unicorn\""),
        ("", "a label for each of 3 images"),
    ] {
        let found = refusal(truth(text));
        assert!(found.contains(says), "{text:?}: {found}");
    }
}

#[test]
fn names_may_have_several_words() {
    let dir = files(&["val/my cat.jpg", "val/b.jpg"]);
    let folder = dir.path().join("val");
    let labels = Labels::from_list(vec!["tabby cat".into(), "dog".into()]);
    let truth = |text: &str| {
        let path = dir.path().join("truth.txt");
        fs::write(&path, text).unwrap();
        let data = Dataset::with_truth(&folder, path, Some(&labels), 2).unwrap();
        [data.label(0), data.label(1)].map(Option::unwrap)
    };
    for text in [
        "dog\ntabby cat\n",
        "b.jpg dog\nmy cat.jpg,tabby cat\n",
        "b.jpg,1\nmy cat.jpg,0 1 2 3\n",
        "my cat,tabby cat\nb dog 1 2\n",
    ] {
        assert_eq!(truth(text), [1, 0], "{text}");
    }
}

#[test]
fn a_name_that_several_images_have_is_refused() {
    let dir = files(&["val/a/1.png", "val/b/1.png", "val/b/2.png", "val/b/2.jpg"]);
    let folder = dir.path().join("val");
    let truth = |text: &str| {
        let path = dir.path().join("truth.txt");
        fs::write(&path, text).unwrap();
        Dataset::with_truth(&folder, path, None, 10)
    };
    for (text, says) in [
        ("1.png 3\n", "\"1.png\", which several images have"),
        ("2.jpg 3\n2 5\n", "\"2\", which several images have"),
        ("a/1.png 3\na/1.png 3\n", "line 2"),
    ] {
        let found = refusal(truth(text));
        assert!(found.contains(says), "{found}");
    }
    assert_eq!(truth("a/1.png 3\nb/1.png 4\n2.jpg 5\n").unwrap().len(), 3);
}

#[test]
fn ilsvrc_numbers_its_synsets_itself() {
    let dir = files(&[
        "val/ILSVRC2012_val_00000001.JPEG",
        "val/ILSVRC2012_val_00000002.JPEG",
    ]);
    let folder = dir.path().join("val");
    let labels = Labels::imagenet();
    let truth = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        Dataset::with_truth(&folder, path, Some(&labels), 1000).unwrap()
    };
    let classes = |data: &Dataset| [data.label(0), data.label(1)].map(Option::unwrap);
    let own = truth("ILSVRC2012_validation_ground_truth.txt", "490\n361\n");
    assert_eq!(classes(&own), [65, 970]);
    assert!(own.note().unwrap().contains("ILSVRC2012's numbers"));
    // A zero shows that a file of that name contains class indices.
    let other = truth("ILSVRC2012_validation_ground_truth.txt", "65\n0\n");
    assert_eq!(classes(&other), [65, 0]);
    let plain = truth("truth.txt", "490\n361\n");
    assert_eq!(classes(&plain), [490, 361]);
    assert!(plain.note().unwrap().contains("class indices"));
    let synsets = truth("synsets.txt", "n01751748\nn09193705\n");
    assert_eq!((classes(&synsets), synsets.note()), ([65, 970], None));
}

#[test]
fn one_folder_is_no_set_of_classes() {
    let dir = files(&["holiday/a.png"]);
    let found = refusal(open10(dir.path()));
    assert!(found.contains("found `holiday` alone"), "{found}");
    let dir = files(&["cat/a.png"]);
    let data = open10(dir.path()).unwrap();
    assert!(data.note().unwrap().contains("images of one class only"));
}
