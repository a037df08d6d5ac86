"""Object detectors for single images, which several analytics share.

- `detections`: results of a detector, and its interface
- `letterbox`: images with margins, as networks take them
- `nanodet`, `yolox`, `yolo`, `detr`: model families, one module each
- `model_families`: detect the family of an ONNX model
- `model_registry`: models with a name
- `class_filter`: a detector for the frames of one video, restricted to some classes
"""
