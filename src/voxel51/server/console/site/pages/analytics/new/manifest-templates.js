/** Example manifests by type of analytic. */

const info = {
  name: "my-analytic",
  version: "1.0.0",
  description: "Describe what the analytic detects and what it is used for.",
  supports_cpu: true,
  supports_gpu: false,
};

export const TEMPLATES = {
  PLATFORM: {
    info,
    inputs: [{ name: "video", type: "types.Video", description: "The video to process.", required: true }],
    parameters: [
      {
        name: "confidence",
        type: "types.Number",
        description: "Minimum confidence of detections.",
        placeholder: "0.5",
        required: false,
        default: 0.5,
      },
    ],
    outputs: [
      {
        name: "labels",
        type: "types.VideoLabels",
        description: "Detections in each frame.",
        filename: "labels.json",
        post_as_data: false,
        schema: null,
      },
    ],
    zip_outputs: false,
    extensions: { parameters: { confidence: { minimum: 0, maximum: 1 } } },
  },
  IMAGE_TO_VIDEO: { info },
};
