"""Finding things in single pictures: no analytic, but what several are made of.

- `detections`: what is found in one picture
- `detector`: what every detector can do
- `letterbox`: pictures as networks take them
- `nanodet`, `yolox`, `yolo`, `detr`: the usual families, one file each
- `families`: which family an ONNX model is of
- `known`: weights that are known by name
"""
