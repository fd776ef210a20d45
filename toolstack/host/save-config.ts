import {resolve} from 'node:path';
import type {DomainConfig, VifConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import {diskTarget} from './disk-target.ts';
import type {DomainRecord} from './record.ts';
import {absoluteVscsiSpec} from './scsi/unit-path.ts';

/** As the domain is now, with paths that hold wherever it is restored from. */
export const savedConfig = ({config, baseDir}: DomainRecord): DomainConfig => ({
  ...config,
  kernel: config.kernel === undefined ? undefined : resolve(baseDir, config.kernel),
  ramdisk: config.ramdisk === undefined ? undefined : resolve(baseDir, config.ramdisk),
  disks: config.disks.map((disk) => ({...disk, target: diskTarget(disk, baseDir)})),
  vscsi: config.vscsi?.map((spec) => absoluteVscsiSpec(spec, baseDir)),
});

/**
 * A configuration for a saved domain, which may have more devices than the domain knows: those are plugged in. Refused in
 * a line is what the guest would find missing or changed when it goes on.
 */
export const fitConfig = (config: DomainConfig, saved: DomainConfig, path: string): DomainConfig => {
  const refuse = (reason: string): ToolstackError =>
    new ToolstackError('EINVAL', `libxl: error: ${path}: ${reason}`, 3);
  const askedKib = config.maxMemoryKib ?? config.memoryKib ?? saved.maxMemoryKib;
  if (askedKib !== saved.maxMemoryKib)
    throw refuse(`the saved domain has ${mib(saved.maxMemoryKib)}, not ${mib(askedKib)}`);
  if (config.cmdline !== saved.cmdline) throw refuse('the saved domain was booted with another command line');
  if (config.type !== saved.type) throw refuse(`the saved domain is of type ${saved.type}, not ${config.type}`);
  for (const {vdev, readwrite} of saved.disks) {
    const disk = config.disks.find((each) => each.vdev === vdev);
    if (disk === undefined) throw refuse(`the saved domain has a disk ${vdev}, the configuration has none`);
    if (disk.readwrite !== readwrite) throw refuse(`disk ${vdev} of the saved domain is ${readwrite ? 'rw' : 'ro'}`);
  }
  const {memoryKib, maxMemoryKib, vcpus, maxVcpus} = saved;
  return {...config, memoryKib, maxMemoryKib, vcpus, maxVcpus, vifs: fitVifs(config, saved, refuse)};
};

const mib = (kib = 0): string => `${kib / 1024} MiB`;

/** The guest keeps the address that it knows, whatever the configuration says. */
const fitVifs = (
  config: DomainConfig,
  saved: DomainConfig,
  refuse: (reason: string) => ToolstackError,
): VifConfig[] => {
  const vifs = config.vifs.map((vif, index) => ({...vif, devid: vif.devid ?? index}));
  return saved.vifs.reduce<VifConfig[]>((fitted, {devid, mac}) => {
    const vif = fitted.find((each) => each.devid === devid);
    if (vif === undefined) throw refuse(`the saved domain has a vif ${devid}, the configuration has none`);
    if (vif.mac !== undefined && vif.mac !== mac) throw refuse(`vif ${devid} of the saved domain has mac=${mac}`);
    return fitted.map((each) => (each === vif ? {...vif, mac} : each));
  }, vifs);
};
