/** Charts as PNG images, drawn for documents: on white, with title, legend and values. */

const WIDTH = 1280;
const MARGIN = 40;
const [TITLE_PIXELS, TEXT_PIXELS, ROW_PIXELS] = [30, 20, 40];
const [INK, SOFT, BAR] = ["#181c22", "#525b69", "#1f4fd8"];
const MOST_LABEL_PIXELS = 360;
const PLOT_PIXELS = 460;

/** @param {{kind: "bars"|"lines", title, bars?, series?, ends?}} chart; resolves to a Blob */
export function chartPicture(chart) {
  const draw = { bars: drawBars, lines: drawLines }[chart.kind];
  const height = MARGIN * 2 + TITLE_PIXELS * 2 + (chart.kind === "bars" ? chart.bars.length * ROW_PIXELS : PLOT_PIXELS + ROW_PIXELS * 2);
  const canvas = new OffscreenCanvas(WIDTH, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, WIDTH, height);
  pen.textBaseline = "middle";
  text(pen, chart.title, MARGIN, MARGIN + TITLE_PIXELS / 2, INK, `600 ${TITLE_PIXELS}px system-ui, sans-serif`);
  draw(pen, chart, MARGIN + TITLE_PIXELS * 2);
  return canvas.convertToBlob({ type: "image/png" });
}

function text(pen, content, x, y, colour = INK, font = `${TEXT_PIXELS}px system-ui, sans-serif`, most = undefined) {
  pen.font = font;
  pen.fillStyle = colour;
  pen.fillText(content, x, y, most);
}

function drawBars(pen, { bars }, top) {
  const most = Math.max(...bars.map(({ value }) => value), 1e-9);
  const left = MARGIN + MOST_LABEL_PIXELS;
  const across = WIDTH - left - MARGIN - 300; // the text beside the longest bar
  bars.forEach(({ label, value, text: shown, detail, colour }, at) => {
    const y = top + at * ROW_PIXELS + ROW_PIXELS / 2;
    text(pen, label, MARGIN, y, INK, undefined, MOST_LABEL_PIXELS - 20);
    pen.fillStyle = colour ?? BAR;
    pen.fillRect(left, y - ROW_PIXELS * 0.35, (across * value) / most, ROW_PIXELS * 0.7);
    text(pen, [shown, detail].filter(Boolean).join(" · "), left + (across * value) / most + 12, y, SOFT, undefined, 290);
  });
}

function drawLines(pen, { series, ends }, top) {
  const most = Math.max(1, ...series.flatMap(({ values }) => [...values]));
  const [left, right, bottom] = [MARGIN + 60, WIDTH - MARGIN, top + PLOT_PIXELS];
  pen.strokeStyle = "#d5dae2";
  for (const share of [0, 0.5, 1]) {
    const y = bottom - share * PLOT_PIXELS;
    pen.beginPath();
    pen.moveTo(left, y);
    pen.lineTo(right, y);
    pen.stroke();
    text(pen, String(most * share), MARGIN, y, SOFT);
  }
  pen.lineWidth = 3;
  for (const { values, color } of series) {
    pen.strokeStyle = color;
    pen.beginPath();
    values.forEach((value, at) => pen.lineTo(left + (at / Math.max(1, values.length - 1)) * (right - left), bottom - (value / most) * PLOT_PIXELS));
    pen.stroke();
  }
  text(pen, ends[0], left, bottom + ROW_PIXELS / 2, SOFT);
  text(pen, ends.at(-1), right - 80, bottom + ROW_PIXELS / 2, SOFT);
  let x = left;
  for (const { name, color } of series) {
    pen.fillStyle = color;
    pen.fillRect(x, bottom + ROW_PIXELS + 8, 20, 20);
    text(pen, name, x + 28, bottom + ROW_PIXELS + 18);
    x += pen.measureText(name).width + 60;
  }
}
