import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';
import {type Ps2Command, Ps2Device} from './ps2-device.ts';

const NS_PER_S = 1e9;
const SELF_TEST_PASSED = 0xaa;
const STANDARD = 0x00;
const INTELLIMOUSE = 0x03;
/** Sample rates set one after the other that turn a mouse with a wheel into one that tells of it. */
const INTELLIMOUSE_KNOCK = '200,100,80';
/** With scaling 2:1; more is doubled. */
const SCALED = [0, 1, 1, 3, 6, 9] as const;
const MAX_COUNT = 255;
const MAX_WHEEL = 7;
/** Movement that waits while the host does not listen. */
const MAX_WAITING = 32767;

export type MouseButton = 'left' | 'right' | 'middle';
const buttonBits: Readonly<Record<MouseButton, number>> = {left: 1, right: 2, middle: 4};

interface Settings {
  sampleRate: number;
  resolution: number;
  isScaled: boolean;
  isReporting: boolean;
  isRemote: boolean;
}

const defaults = (): Settings => ({
  sampleRate: 100,
  resolution: 2,
  isScaled: false,
  isReporting: false,
  isRemote: false,
});

/** A PS/2 mouse with three buttons, and a wheel for drivers that know IntelliMouse. */
export class Ps2Mouse extends Ps2Device {
  protected override readonly commands: Readonly<Record<number, Ps2Command>> = {
    0xe6: {run: () => void (this.settings.isScaled = false)},
    0xe7: {run: () => void (this.settings.isScaled = true)},
    0xe8: {maxParameter: 3, run: (resolution) => void (this.settings.resolution = resolution)},
    0xe9: {run: () => this.status()},
    0xea: {run: () => this.setRemote(false)},
    0xeb: {run: () => this.packet()},
    0xec: {run: () => void (this.isWrapped = false)},
    0xee: {run: () => void (this.isWrapped = true)},
    0xf0: {run: () => this.setRemote(true)},
    0xf2: {run: () => [this.identity]},
    0xf3: {maxParameter: 0xff, run: (rate) => this.setSampleRate(rate)},
    0xf4: {run: () => this.report(true)},
    0xf5: {run: () => this.report(false)},
    0xf6: {run: () => this.setDefaults()},
    0xfe: {isBare: true, run: () => this.repeatLast()},
    0xff: {run: () => this.restart()},
  };
  private readonly schedule: TaskQueue;
  private settings = defaults();
  private identity = STANDARD;
  private knock: readonly number[] = [];
  private isWrapped = false;
  private buttons = 0;
  private movement = {dx: 0, dy: 0, wheel: 0};
  private hasNews = false;
  /** The next sample is not due yet. */
  private pause: Timer | undefined;

  constructor(schedule: TaskQueue, onData: () => void) {
    super(onData);
    this.schedule = schedule;
  }

  /** Moves it, in counts to the right and up; the wheel towards the user. */
  move(dx: number, dy: number, wheel = 0): void {
    const {movement} = this;
    movement.dx = clamp(movement.dx + Math.trunc(dx), MAX_WAITING);
    movement.dy = clamp(movement.dy + Math.trunc(dy), MAX_WAITING);
    movement.wheel = clamp(movement.wheel + Math.trunc(wheel), MAX_WAITING);
    this.tell();
  }

  press(button: MouseButton): void {
    this.buttons |= buttonBits[button];
    this.tell();
  }

  release(button: MouseButton): void {
    this.buttons &= ~buttonBits[button];
    this.tell();
  }

  override write(byte: number): void {
    const isEchoed = this.isWrapped && byte !== 0xec && byte !== 0xff;
    if (isEchoed) this.queue([byte]);
    else super.write(byte);
  }

  override take(): number {
    const byte = super.take();
    // A packet was due and found no room.
    if (this.hasNews && this.pause === undefined) this.schedule.post(() => this.sample());
    return byte;
  }

  override reset(): void {
    this.clear();
    this.setDefaults();
    this.identity = STANDARD;
    this.knock = [];
    this.isWrapped = false;
  }

  /** "mouse id=3 rate=100 reporting" */
  override toString(): string {
    const {sampleRate, isReporting} = this.settings;
    return `mouse id=${this.identity} rate=${sampleRate}${isReporting ? ' reporting' : ''}`;
  }

  private tell(): void {
    this.hasNews = true;
    this.sample();
  }

  /** Sends what there is to say, as often as the sample rate has it. What does not fit in a packet goes into the next. */
  private sample(): void {
    const {isReporting, isRemote, sampleRate} = this.settings;
    const mayTell = isReporting && !isRemote && !this.isWrapped;
    const bytes = this.identity === INTELLIMOUSE ? 4 : 3;
    if (!this.hasNews || !mayTell || this.pause !== undefined || !this.hasRoom(bytes)) return;
    this.pause = this.schedule.after(Math.round(NS_PER_S / sampleRate), () => {
      this.pause = undefined;
      this.sample();
    });
    this.queue(this.packet());
  }

  /** Takes up to a packet's worth of the movement. */
  private packet(): readonly number[] {
    const {movement} = this;
    const dx = clamp(movement.dx, MAX_COUNT);
    const dy = clamp(movement.dy, MAX_COUNT);
    const wheel = clamp(movement.wheel, MAX_WHEEL);
    movement.dx -= dx;
    movement.dy -= dy;
    movement.wheel -= wheel;
    this.hasNews = movement.dx !== 0 || movement.dy !== 0 || movement.wheel !== 0;
    const x = this.scale(dx);
    const y = this.scale(dy);
    const signs = (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0);
    const bytes = [0x08 | this.buttons | signs, x & 0xff, y & 0xff];
    return this.identity === INTELLIMOUSE ? [...bytes, wheel & 0xff] : bytes;
  }

  private scale(counts: number): number {
    if (!this.settings.isScaled || this.settings.isRemote) return counts;
    const size = Math.abs(counts);
    return Math.sign(counts) * (size < SCALED.length ? SCALED[size] : Math.min(MAX_COUNT, size * 2));
  }

  private status(): readonly number[] {
    const {isRemote, isReporting, isScaled, resolution, sampleRate} = this.settings;
    const {left, right, middle} = buttonBits;
    const isDown = (button: number): boolean => (this.buttons & button) !== 0;
    const pressed = (isDown(left) ? 4 : 0) | (isDown(middle) ? 2 : 0) | (isDown(right) ? 1 : 0);
    const modes = (isRemote ? 0x40 : 0) | (isReporting ? 0x20 : 0) | (isScaled ? 0x10 : 0);
    return [modes | pressed, resolution, sampleRate];
  }

  private setSampleRate(rate: number): void {
    this.settings.sampleRate = Math.max(1, rate);
    this.knock = [...this.knock.slice(-2), rate];
    if (this.knock.join() === INTELLIMOUSE_KNOCK) this.identity = INTELLIMOUSE;
  }

  private setRemote(isRemote: boolean): void {
    this.settings.isRemote = isRemote;
    this.forgetEvents();
  }

  private report(isReporting: boolean): void {
    this.settings.isReporting = isReporting;
    this.forgetMovement();
  }

  private setDefaults(): void {
    this.settings = defaults();
    this.forgetMovement();
  }

  private forgetMovement(): void {
    this.forgetEvents();
    this.movement = {dx: 0, dy: 0, wheel: 0};
    this.hasNews = false;
    this.pause?.cancel();
    this.pause = undefined;
  }

  private restart(): readonly number[] {
    this.reset();
    return [SELF_TEST_PASSED, STANDARD];
  }
}

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));
