/*
 * Classifies a picture.
 *
 *   classify PICTURE.ppm [WEIGHTS.safetensors [DEVICE]]
 *
 * Without weights, the program uses the embedded ResNet-20 for the ten classes of
 * CIFAR-10. Convert any picture to a PPM with `magick photo.jpg photo.ppm` or
 * `ffmpeg -i photo.jpg photo.ppm`.
 *
 *   cc classify.c $(pkg-config --cflags --libs resnet_wgpu_c) -o classify
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <resnet_wgpu.h>

enum { TOP = 5 };

/* Prints the error and ends the program, if a call failed. */
static void check(ResnetStatus status) {
    if (status != RESNET_STATUS_OK) {
        fprintf(stderr, "classify: %s\n", resnet_last_error());
        exit(EXIT_FAILURE);
    }
}

/* Reads a binary PPM without comments: P6, width, height, 255, and the pixels. */
static uint8_t *read_ppm(const char *path, uint32_t *width, uint32_t *height) {
    unsigned w, h;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fscanf(file, "P6 %u %u 255", &w, &h) != 2 || fgetc(file) == EOF || w == 0 ||
        h == 0 || w > 65535 || h > 65535) {
        fprintf(stderr, "classify: %s: expected a binary PPM of 8 bits (P6)\n", path);
        exit(EXIT_FAILURE);
    }
    size_t bytes = (size_t)w * h * 3;
    uint8_t *pixels = malloc(bytes);
    if (pixels == NULL || fread(pixels, 1, bytes, file) != bytes) {
        fprintf(stderr, "classify: %s: expected %zu bytes of pixels\n", path, bytes);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    *width = w;
    *height = h;
    return pixels;
}

static void list_devices(void) {
    ResnetDeviceList *list;
    check(resnet_device_list_new(&list));
    for (size_t i = 0; i < resnet_device_list_count(list); i++) {
        printf("device %zu: %s (%s, %s)\n", i, resnet_device_list_name(list, i),
               resnet_device_list_backend(list, i), resnet_device_list_kind(list, i));
    }
    resnet_device_list_free(list);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: classify PICTURE.ppm [WEIGHTS.safetensors [DEVICE]]\n");
        return 2;
    }
    uint32_t width, height;
    uint8_t *pixels = read_ppm(argv[1], &width, &height);

    ResnetDevice *device;
    ResnetModel *model;
    ResnetClassifier *classifier;
    list_devices();
    check(resnet_device_open(argc > 3 ? argv[3] : "auto", &device));
    check(resnet_model_open_file(argc > 2 ? argv[2] : NULL, NULL, &model));
    check(resnet_classifier_new(device, model, NULL, &classifier));
    printf("%s on %s, resnet-wgpu %s\n", resnet_model_network(model), resnet_device_name(device),
           resnet_version());

    ResnetPrediction best[TOP];
    size_t count;
    check(resnet_classify_rgb(classifier, pixels, width, height, 0, TOP, best, &count));
    for (size_t i = 0; i < count; i++) {
        printf("%6.2f %%  %s  (logit %.3f)\n", 100.0 * best[i].probability, best[i].label,
               best[i].logit);
    }

    resnet_classifier_free(classifier);
    resnet_model_free(model);
    resnet_device_free(device);
    free(pixels);
    return 0;
}
