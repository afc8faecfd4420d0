// Records sound, and pictures where they are asked for, plays the recording back and puts it into the form's file field.
// Nothing leaves the browser before the form is sent.
'use strict';

const box = document.querySelector('[data-recorder]');
const part = (name) => box.querySelector('[data-' + name + ']');

const say = (state) => {
  const line = part('state');
  line.dataset.state = state;
  line.textContent = line.dataset[state];
};

const record = async () => {
  const field = document.getElementById(box.dataset.for);
  const film = 'film' in box.dataset;
  const view = part('view'), play = part('play'), start = part('start'), stop = part('stop');
  let stream, recorder;
  start.disabled = true; // until the camera is there, or not
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: true, video: film && { facingMode: 'user', width: { ideal: 640 }, height: { ideal: 480 } },
    });
    recorder = new MediaRecorder(stream, { videoBitsPerSecond: 800000, audioBitsPerSecond: 64000 });
  } catch {
    for (const track of stream?.getTracks() ?? []) track.stop();
    return say('failed');
  } finally {
    start.disabled = false;
  }
  const parts = [];
  const limit = setTimeout(() => recorder.stop(), box.dataset.seconds * 1000 - 1500);
  const end = () => {
    clearTimeout(limit);
    for (const track of stream.getTracks()) track.stop();
    view.hidden = stop.hidden = true;
    start.hidden = false;
    view.srcObject = null;
  };
  recorder.addEventListener('dataavailable', (event) => parts.push(event.data));
  recorder.addEventListener('error', () => { end(); say('failed'); });
  recorder.addEventListener('stop', () => {
    const focused = document.activeElement === stop;
    end();
    if (focused) start.focus();
    const files = new DataTransfer();
    files.items.add(new File(parts, 'recording', { type: recorder.mimeType }));
    field.files = files.files;
    URL.revokeObjectURL(play.src);
    play.src = URL.createObjectURL(files.files[0]);
    play.hidden = false;
    say('done');
  });
  stop.onclick = () => recorder.state === 'recording' && recorder.stop();
  view.srcObject = stream;
  view.hidden = !film;
  play.hidden = start.hidden = true;
  stop.hidden = false;
  recorder.start();
  if (film) view.play();
  stop.focus();
  say('recording');
};

if (box && navigator.mediaDevices && window.MediaRecorder) {
  box.hidden = false;
  part('start').addEventListener('click', record);
}
