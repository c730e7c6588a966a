// Voice notes: recorded in the page in a kind that the server takes; heard, sent or thrown away.
import { say } from "./dom.js";
import { named } from "./tray.js";

const KINDS = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/ogg;codecs=opus", "ogg"],
  ["audio/webm", "webm"],
  ["audio/ogg", "ogg"],
];
const BITS_A_SECOND = 32_000;
const LONGEST_S = 15 * 60;
const REFUSALS = {
  NotAllowedError: "The browser does not let this page use the microphone. Allow it in the settings of this site, beside the address, and record again.",
  NotFoundError: "There is no microphone. Connect one and record again.",
  NotReadableError: "The microphone is in use elsewhere, or switched off. Free it and record again.",
};

const kind = () => globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia && KINDS.find(([type]) => MediaRecorder.isTypeSupported(type));

export class Voice {
  #taken = null; // {stream, recorder, meter, began, limit, does, place}

  // `acts`: place() where it belongs, keep(file, place) puts it into the tray, send(file, place) sends it, refused(words)
  constructor(form, acts) {
    Object.assign(this, { form, acts });
    this.bar = form.querySelector("[data-part=recorder]");
    this.begin = form.querySelector("[data-act=record]");
    this.begin.hidden = !kind();
    this.begin.addEventListener("click", () => this.start());
    for (const [act, does] of [["voice-cancel", "drop"], ["voice-stop", "keep"], ["voice-send", "send"]]) {
      form.querySelector(`[data-act=${act}]`).addEventListener("click", () => this.stop(does));
    }
    this.bar.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.stop("drop");
    });
  }

  get isOn() {
    return this.#taken !== null;
  }

  async start() {
    if (this.isOn) return;
    this.#taken = { place: this.acts.place() };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
      this.#record(stream);
    } catch (error) {
      this.#taken = null;
      this.acts.refused(REFUSALS[error.name] ?? "The recording could not begin. Try again.");
    }
  }

  #record(stream) {
    const [type, ending] = kind();
    const recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS_A_SECOND });
    const parts = [];
    recorder.ondataavailable = ({ data }) => data.size && parts.push(data);
    recorder.onstop = () => this.#stopped(new File(parts, named("Voice note", ending), { type: type.split(";")[0] }));
    stream.getAudioTracks()[0].onended = () => this.stop("keep");
    const limit = setTimeout(() => this.stop("keep"), LONGEST_S * 1000);
    Object.assign(this.#taken, { stream, recorder, limit, began: performance.now(), meter: meterOf(stream), does: "keep" });
    recorder.start(1000);
    this.#show(true);
    this.#tick();
    say("Recording a voice note.");
    this.form.querySelector("[data-act=voice-send]").focus();
  }

  stop(does) {
    if (!this.#taken?.recorder || this.#taken.recorder.state === "inactive") return;
    this.#taken.does = does;
    this.#taken.recorder.stop();
  }

  #stopped(file) {
    const { stream, meter, does, frame, limit, place } = this.#taken;
    clearTimeout(limit);
    cancelAnimationFrame(frame);
    for (const track of stream.getTracks()) track.stop();
    meter.close();
    this.#taken = null;
    this.#show(false);
    if (does === "drop") this.begin.focus();
    else if (file.size) this.acts[does](file, place);
  }

  #show(isOn) {
    this.bar.hidden = !isOn;
    this.form.toggleAttribute("data-recording", isOn);
  }

  #tick() {
    const taken = this.#taken;
    if (!taken?.recorder) return;
    const seconds = Math.floor((performance.now() - taken.began) / 1000);
    const words = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const time = this.bar.querySelector("[data-part=time]");
    if (time.textContent !== words) time.textContent = words;
    this.bar.querySelector(".voice-level").style.setProperty("--level", taken.meter.level().toFixed(2));
    taken.frame = requestAnimationFrame(() => this.#tick());
  }
}

// How loud it is, from 0 to 1, on a scale as ears have it: silence is at -60 dB.
function meterOf(stream) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    close: () => context.close().catch(() => {}),
    level() {
      analyser.getFloatTimeDomainData(samples);
      const mean = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      return Math.min(1, Math.max(0, 1 + (20 * Math.log10(mean + 1e-9)) / 60));
    },
  };
}
