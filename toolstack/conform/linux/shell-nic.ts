import type {GuestNic} from '../stand/guest-nic.ts';
import type {KernelGuest} from './kernel-guest.ts';
import {linkAddress, packetTool, packFrames, unpackFrames} from './packet-tool.ts';

const NAME = 'eth0';
const SYSFS = `/sys/class/net/${NAME}`;
const TOOL = '/tmp/packets';
const SENDER = '/tmp/sender';
const RECEIVER = '/tmp/receiver';
const RECEIVED = '/tmp/received';
const OUTGOING = '/tmp/outgoing';

/** A kernel's interface as programs in its shell see it: by packet sockets, past its protocols. */
export class ShellNic implements GuestNic {
  private readonly guest: KernelGuest;
  /** Bytes of RECEIVED that were taken. */
  private taken = 0;

  constructor(guest: KernelGuest) {
    this.guest = guest;
  }

  /** Sets the interface up as an administrator does, quietly: what it sends is what it is told to. */
  async open(mtu?: number): Promise<void> {
    const {guest} = this;
    const index = Number(await guest.answer(`cat ${SYSFS}/ifindex`));
    await guest.putFile(TOOL, packetTool());
    await guest.putFile(SENDER, linkAddress(index, false));
    await guest.putFile(RECEIVER, linkAddress(index, true));
    await guest.answer('echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
    // A driver may refuse an MTU, which is for the check to see.
    if (mtu !== undefined) await guest.shell(`ip link set ${NAME} mtu ${mtu}`);
    await guest.answer(`ip link set ${NAME} up`);
    await guest.answer(`chmod +x ${TOOL}; (${TOOL} < ${RECEIVER} > ${RECEIVED} 2> /dev/null &)`);
    this.taken = 0;
  }

  async mac(): Promise<Uint8Array> {
    const address = await this.guest.answer(`cat ${SYSFS}/address`);
    return Uint8Array.from(address.split(':'), (byte) => Number.parseInt(byte, 16));
  }

  async mtu(): Promise<number> {
    return Number(await this.guest.answer(`cat ${SYSFS}/mtu`));
  }

  async hasCarrier(): Promise<boolean> {
    return (await this.guest.answer(`cat ${SYSFS}/carrier`)) === '1';
  }

  async send(...frames: readonly Uint8Array[]): Promise<void> {
    await this.guest.putFile(OUTGOING, packFrames(frames));
    await this.guest.shell(`cat ${SENDER} ${OUTGOING} | ${TOOL} send`);
  }

  async take(): Promise<Uint8Array[]> {
    const bytes = await this.guest.bytesOf(`tail -c +${this.taken + 1} ${RECEIVED}`);
    this.taken += bytes.length;
    return unpackFrames(bytes);
  }
}
