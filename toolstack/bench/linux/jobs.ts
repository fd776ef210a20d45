/** A disk or an interface of the guest with its driver, as a job names it. */
export interface Contender {
  /** Linux's name of the driver. */
  readonly driver: string;
  readonly kind: 'pv' | 'emulated';
  /** "sda", "eth3", "ttyS0" */
  readonly device: string;
}

/** What both drivers of a device do. */
export interface LinuxJob {
  readonly device: 'disk' | 'net' | 'console';
  readonly name: string;
  /** What one I/O is. */
  readonly unit: string;
  /** I/Os of the shorter of two runs; the longer one has three times as many. */
  readonly ios: number;
  /** The command, of the guest's shell; `peer` of a second guest's, before it, which serves it in the background. */
  command(device: string, ios: number): string;
  peer?(ios: number): string;
}

const QUIET = '2> /dev/null';
export const GUEST_ADDRESS = '10.0.0.5';
export const PEER_ADDRESS = '10.0.0.6';

const read = (size: string, ios: number): LinuxJob => ({
  device: 'disk',
  name: `read ${size}`,
  unit: size,
  ios,
  command: (device, count) => `dd if=/dev/${device} of=/dev/null bs=${size} count=${count} iflag=direct ${QUIET}`,
});

const write = (size: string, ios: number): LinuxJob => ({
  device: 'disk',
  name: `write ${size}`,
  unit: size,
  ios,
  command: (device, count) => `dd if=/dev/zero of=/dev/${device} bs=${size} count=${count} oflag=direct ${QUIET}`,
});

const CHUNK = 'bs=64k';

/** The same dd, network and console jobs for either driver. The disk has to hold the longer runs. */
export const linuxJobs: readonly LinuxJob[] = [
  read('4k', 200),
  read('64k', 60),
  read('1M', 10),
  write('4k', 200),
  write('1M', 10),
  {
    device: 'net',
    name: 'ping 1400 B',
    unit: 'round trip',
    ios: 100,
    command: (device, ios) => `ping -A -q -c ${ios} -s 1400 -I ${device} ${PEER_ADDRESS} > /dev/null`,
  },
  {
    device: 'net',
    name: 'TCP out',
    unit: '64 KiB',
    ios: 20,
    command: (_device, ios) => `nc ${PEER_ADDRESS} 5000 -e dd if=/dev/zero ${CHUNK} count=${ios} ${QUIET}`,
    peer: () => `(nc -l -p 5000 -e dd of=/dev/null ${CHUNK} ${QUIET} &)`,
  },
  {
    device: 'net',
    name: 'TCP in',
    unit: '64 KiB',
    ios: 20,
    command: () => `nc ${PEER_ADDRESS} 5000 -e dd of=/dev/null ${CHUNK} ${QUIET}`,
    peer: (ios) => `(nc -l -p 5000 -e dd if=/dev/zero ${CHUNK} count=${ios} ${QUIET} &)`,
  },
  {
    device: 'console',
    name: 'text out',
    unit: '64 B line',
    ios: 50,
    command: (device, ios) => `head -c ${ios * 64} /tmp/lines > /dev/${device}`,
  },
];
