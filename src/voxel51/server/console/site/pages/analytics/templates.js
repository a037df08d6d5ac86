/** Manifests to begin with, by the type of analytic. */

const info = {
  name: "my-analytic",
  version: "1.0.0",
  description: "What it finds, and what it is good for.",
  supports_cpu: true,
  supports_gpu: false,
};

export const TEMPLATES = {
  PLATFORM: {
    info,
    inputs: [{ name: "video", type: "types.Video", description: "The video.", required: true }],
    parameters: [
      {
        name: "confidence",
        type: "types.Number",
        description: "How sure it must be of what it finds.",
        placeholder: "0.5",
        required: false,
        default: 0.5,
      },
    ],
    outputs: [
      {
        name: "labels",
        type: "types.VideoLabels",
        description: "What was found in each frame.",
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
