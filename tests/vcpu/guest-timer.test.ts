import test from 'ava';
import {type Schedule, virtualClock} from '../../hypervisor/schedule/index.ts';
import {GuestTimer} from '../../hypervisor/vcpu/x86/guest-timer.ts';

const TICK_NS = 4e6;
const TICK_INSTRUCTIONS = 4350;

/** A CPU that does but one thing: it sets its timer to the next tick, and halts. */
class TickingGuest {
  readonly schedule: Schedule = virtualClock(1);
  /** Of each time that it woke: how late it was, ns. */
  readonly lateNs: number[] = [];
  private instructions = 0xffff0000;
  private readonly timer: GuestTimer;

  constructor() {
    this.timer = new GuestTimer(this.schedule, () => this.wake());
  }

  /** Halts after some work, with the timer at the next tick. */
  halt(instructions: number): void {
    const nowNs = this.schedule.now();
    this.instructions = (this.instructions + instructions) >>> 0;
    this.dueNs = (Math.floor(nowNs / TICK_NS) + 1) * TICK_NS;
    this.timer.set(this.dueNs);
    this.timer.arm(nowNs, this.instructions);
  }

  stop(): void {
    this.timer.stop();
    this.timer.disarm();
  }

  private dueNs = 0;

  private wake(): void {
    this.lateNs.push(this.schedule.now() - this.dueNs);
    this.halt(TICK_INSTRUCTIONS);
  }
}

test('a guest that has worked gets its timer in time', async (t) => {
  const guest = new TickingGuest();
  await guest.schedule.sleep(1e9);
  guest.halt(25_000);
  await guest.schedule.sleep(1.5 * TICK_NS);
  t.deepEqual(guest.lateNs, [0]);
});

test('ticks of a guest that does nothing come late: by an eighth of the idle time, by 64 ms at most', async (t) => {
  const guest = new TickingGuest();
  guest.halt(25_000);
  await guest.schedule.sleep(10e9);
  t.true(guest.lateNs.length < 200, `${guest.lateNs.length} wake-ups in 10 s instead of 2500`);
  t.is(Math.max(...guest.lateNs), 64e6);
  t.true(guest.lateNs[5] < 10e6, `${guest.lateNs[5]} ns`);
  guest.stop();
  const wakes = guest.lateNs.length;
  guest.halt(25_000);
  await guest.schedule.sleep(1.5 * TICK_NS);
  t.is(guest.lateNs[wakes], 0, 'after work it is in time again');
});

test('a timer that was stopped wakes nobody', async (t) => {
  const guest = new TickingGuest();
  guest.halt(1);
  guest.stop();
  await guest.schedule.sleep(1e9);
  t.deepEqual(guest.lateNs, []);
});
