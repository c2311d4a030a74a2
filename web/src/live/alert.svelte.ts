/** How an offer makes itself noticed when the desk is not being looked at. */

const SOUND_KEY = 'rozmova.sound';
const DESKTOP_KEY = 'rozmova.desktop';

class Alerts {
  sound = $state(localStorage.getItem(SOUND_KEY) !== 'off');
  desktop = $state(localStorage.getItem(DESKTOP_KEY) === 'on');
  #audio: AudioContext | null = null;

  setSound(on: boolean): void {
    this.sound = on;
    localStorage.setItem(SOUND_KEY, on ? 'on' : 'off');
  }

  /** Asks the browser for leave; gives false when it refuses. */
  async setDesktop(on: boolean): Promise<boolean> {
    const granted = on && (await Notification.requestPermission()) === 'granted';
    this.desktop = granted;
    localStorage.setItem(DESKTOP_KEY, granted ? 'on' : 'off');
    return granted === on;
  }

  offer(title: string, body: string, open: () => void): void {
    if (this.sound) this.play();
    if (!this.desktop || document.visibilityState === 'visible') return;
    if (!('Notification' in window) || Notification.permission !== 'granted') return;
    const notification = new Notification(title, { body, tag: 'rozmova-offer' });
    notification.onclick = () => {
      window.focus();
      open();
      notification.close();
    };
  }

  /** Two soft notes, a fifth apart. */
  play(): void {
    this.#audio ??= new AudioContext();
    void this.#audio.resume();
    this.#note(659.25, 0);
    this.#note(987.77, 0.16);
  }

  #note(hertz: number, afterSeconds: number): void {
    const audio = this.#audio;
    if (!audio) return;
    const start = audio.currentTime + afterSeconds;
    const tone = audio.createOscillator();
    const loudness = audio.createGain();
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(0.12, start + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.45);
    tone.connect(loudness).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.5);
  }
}

export const alerts = new Alerts();
