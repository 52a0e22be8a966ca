// SPDX-License-Identifier: MIT
// Frames of a webcam: the middle square, some times a second.

const PERIOD = 200; // milliseconds
const SIDE = 272;

export async function startCamera(video, frame) {
  if (!navigator.mediaDevices) throw new Error("this page must come from localhost or over https");
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 640 }, height: { ideal: 480 } },
  });
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    if (video.srcObject === stream) video.srcObject = null;
  };
  try {
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    close();
    throw error;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  const timer = setInterval(() => {
    const side = Math.min(video.videoWidth, video.videoHeight);
    if (!side) return;
    context.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side,
      0, 0, SIDE, SIDE);
    frame(canvas, SIDE);
  }, PERIOD);
  return {
    stop() {
      clearInterval(timer);
      close();
    },
  };
}
