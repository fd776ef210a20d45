import {blockBackend, type BlockFeatures} from '../../backends/block/index.ts';
import {netBackend} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import type {FileCalls} from '../../backends/storage/index.ts';
import {bootProgram, type Guest, type GuestHandle, type KernelOptions} from '../../frontends/guest/index.ts';
import {HVM_PARAM_STORE_EVTCHN, HVM_PARAM_STORE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {openGuestRing, XsClient} from '../../hypervisor/xenstore/index.ts';
import {Devd} from './devd.ts';
import {joinUplinks} from './driver-uplink.ts';
import {Hotplug} from './hotplug.ts';

export interface DriverDomainOptions {
  clock: Schedule;
  /** Bridges that are in the domain from its start. */
  bridges: readonly string[];
  diskFeatures?: Partial<BlockFeatures>;
  fileCalls?: FileCalls;
}

/** A guest that runs backends: its handle has their xenbus, too. */
export interface DriverDomainHandle extends GuestHandle {
  readonly backends: XenbusBus;
}

/** What can be typed at its console. */
const commands: ReadonlyMap<string, (guest: Guest, backends: XenbusBus, devd: Devd) => void> = new Map([
  [
    'devices',
    ({console}, backends) => {
      for (const device of backends.devices) console.println(String(device));
    },
  ],
  [
    'restart',
    (guest, backends, devd) => {
      devd.stop();
      backends.stop();
      guest.log('driver-domain: drivers unloaded');
      devd.start();
      backends.start();
      guest.log('driver-domain: drivers loaded');
    },
  ],
]);

/**
 * Boots `kernel="driver-domain"`: the built-in kernel with netback and blkback on the domain's own memory, grants, ports
 * and store ring, and with `xl devd`. Its images are files of this machine, its bridges are its own.
 */
export const bootDriverDomain = (kernel: KernelOptions, options: DriverDomainOptions): DriverDomainHandle => {
  const {ops} = kernel;
  const {clock, fileCalls, diskFeatures} = options;
  const xs = new XsClient(openGuestRing(ops, ops.hvmParam(HVM_PARAM_STORE_PFN), ops.hvmParam(HVM_PARAM_STORE_EVTCHN)));
  const networks = new Networks(ops, options.bridges);
  const hotplug = new Hotplug({
    clock,
    xs,
    vifs: {check: ({script, bridge}) => networks.refusal(script, bridge)},
    fileCalls,
  });
  const backends = new XenbusBus(ops, xs, 'backend', [
    blockBackend({open: hotplug.takeDisk, features: diskFeatures}),
    netBackend({networks}),
  ]);
  const devd = new Devd({clock, xs, backends, hotplug});
  const stop = (): void => {
    devd.stop();
    backends.stop();
  };
  const main = async (guest: Guest): Promise<void> => {
    joinUplinks(guest, ops, networks);
    devd.start();
    backends.start();
    guest.onShutdown(stop);
    guest.log('driver-domain: drivers loaded');
    for (;;) {
      const line = (await guest.console.readLine('driver# ')) ?? '';
      const command = commands.get(line.trim());
      if (command !== undefined) command(guest, backends, devd);
      else if (line.trim() !== '') guest.console.println(`commands: ${[...commands.keys()].join(', ')}`);
    }
  };
  const guest = bootProgram({...kernel, xs, main});
  return {
    ...guest,
    backends,
    stop: () => {
      stop();
      guest.stop();
    },
  };
};
