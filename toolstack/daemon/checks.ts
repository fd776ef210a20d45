import {SCHEDULERS} from '../host/cpus/scheduler.ts';
import type {ClientNotifications, Method, Methods} from './protocol.ts';

/** Looks at one parameter of a message and tells what it should be, or undefined when it is that. */
type Check = (value: unknown) => string | undefined;

type Checks<P> = {readonly [Name in keyof P]: Check};

const must =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value) =>
    test(value) ? undefined : what;

const u32 = must(
  'an integer from 0 to 4294967295',
  (value) => Number.isInteger(value) && Number(value) >>> 0 === value,
);
const natural = must('an integer from 0 on', (value) => Number.isSafeInteger(value) && Number(value) >= 0);
const boolean = must('true or false', (value) => typeof value === 'boolean');
const text = must('a string of at most 4096 characters', (value) => typeof value === 'string' && value.length <= 4096);
const data = must('a base64 string', (value) => typeof value === 'string');
const object = must('an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const oneOf = (...words: readonly string[]): Check =>
  must(`one of ${words.join(', ')}`, (value) => words.includes(value as string));

/** An object with these fields. */
const shape = (fields: Readonly<Record<string, Check>>): Check =>
  must(
    `an object with ${Object.keys(fields).join(', ')}`,
    (value) =>
      object(value) === undefined &&
      Object.entries(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]) === undefined),
  );

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? undefined : check(value);
const cpus = must(
  'an array of at most 4096 CPU numbers',
  (value) => Array.isArray(value) && value.length <= 4096 && value.every((each) => u32(each) === undefined),
);
const domids = must(
  'an array of 1 to 16 domids',
  (value) =>
    Array.isArray(value) && value.length > 0 && value.length <= 16 && value.every((each) => u32(each) === undefined),
);
const texts = must(
  'an array of at most 64 strings',
  (value) => Array.isArray(value) && value.length <= 64 && value.every((each) => text(each) === undefined),
);
const scheduler = oneOf(...SCHEDULERS);
const slot = shape({handle: text, vcpu: u32, runtimeNs: natural});
const arincSchedule = shape({
  majorFrameNs: natural,
  slots: must(
    'an array of windows',
    (value) => Array.isArray(value) && value.every((each) => slot(each) === undefined),
  ),
});

/** A configuration is as deep as the config module makes it; whoever uses a field checks it there. */
const config = object;

const METHOD_CHECKS: {readonly [M in Method]: Checks<Methods[M]['params']>} = {
  hello: {protocol: u32},
  stop: {graceMs: u32},
  'domain.create': {config, baseDir: text, paused: boolean},
  'domain.save': {
    domid: u32,
    file: text,
    config: orNull(config),
    baseDir: text,
    preserveDomid: boolean,
    leave: oneOf('destroyed', 'running', 'paused'),
  },
  'domain.restore': {file: text, config: orNull(config), baseDir: text, paused: boolean},
  'domain.list': {},
  'domain.resolve': {name: text},
  'domain.config': {domid: u32},
  'domain.setConfig': {domid: u32, config},
  'domain.pause': {domid: u32},
  'domain.unpause': {domid: u32},
  'domain.shutdown': {domid: u32, trigger: oneOf('poweroff', 'reboot', 'halt', 'suspend')},
  'domain.waitShutdown': {domid: u32},
  'domain.waitDestroyed': {domid: u32},
  'domain.destroy': {domid: u32},
  'domain.rename': {domid: u32, name: text},
  'domain.suspend': {domid: u32},
  'domain.resume': {domid: u32},
  'domain.setMemoryTarget': {domid: u32, targetKib: natural},
  'domain.setMaxMemory': {domid: u32, maxKib: natural},
  'domain.sysrq': {domid: u32, letter: text},
  'vcpu.list': {domid: u32},
  'vcpu.setOnline': {domid: u32, count: u32},
  'vcpu.pin': {domid: u32, vcpu: orNull(u32), hard: orNull(cpus), soft: orNull(cpus)},
  'pool.list': {},
  'pool.create': {name: text, scheduler, cpus},
  'pool.destroy': {id: u32},
  'pool.rename': {id: u32, name: text},
  'pool.addCpus': {id: u32, cpus},
  'pool.removeCpus': {id: u32, cpus},
  'pool.move': {domid: u32, id: u32},
  'pool.setParameters': {id: u32, parameters: object},
  'pool.setArincSchedule': {id: u32, schedule: arincSchedule},
  'schedule.get': {domid: u32},
  'schedule.set': {domid: u32, scheduler, change: object},
  'disk.attach': {domid: u32, disk: config, baseDir: text},
  'disk.detach': {domid: u32, vdev: text, force: boolean},
  'disk.change': {domid: u32, disk: config, baseDir: text},
  'disk.list': {domid: u32},
  'vif.attach': {domid: u32, vif: config},
  'vif.detach': {domid: u32, which: text},
  'vif.list': {domid: u32},
  'vif.ethtool': {domid: u32, which: text},
  'vif.link': {domid: u32, which: text, isUp: boolean},
  'net.bridges': {},
  'net.addBridge': {bridge: text, uplinks: texts},
  'vif.faults': {domid: u32, which: text, faults: orNull(text)},
  'scsi.attach': {domid: u32, spec: text, baseDir: text},
  'scsi.detach': {domid: u32, vdev: text, force: boolean},
  'scsi.list': {domid: u32},
  'export.iscsi': {domids, vhost: u32, port: u32},
  'export.nbd': {domid: u32, vdev: text, socket: text, port: u32},
  'capture.start': {domid: u32, which: orNull(text), count: u32},
  'capture.stop': {stream: u32},
  'console.attach': {domid: u32, type: oneOf('pv', 'serial')},
  'console.detach': {stream: u32},
  'host.follow': {level: u32},
  'host.info': {},
  'host.top': {},
  'host.costs': {},
  'host.debugKeys': {keys: text},
  'host.dmesg': {clear: boolean},
};

const NOTIFICATION_CHECKS: {readonly [N in keyof ClientNotifications]: Checks<ClientNotifications[N]>} = {
  'console.input': {stream: u32, data},
};

const check = (checks: Readonly<Record<string, Check>>, params: unknown): string | undefined => {
  const entries = Object.entries(checks);
  if (entries.length === 0) return undefined;
  if (object(params) !== undefined) return 'parameters must be an object';
  for (const [name, wrong] of entries) {
    const wanted = wrong((params as Record<string, unknown>)[name]);
    if (wanted !== undefined) return `parameter "${name}" must be ${wanted}`;
  }
  return undefined;
};

export const isMethod = (name: string): name is Method => Object.hasOwn(METHOD_CHECKS, name);

/** What is wrong with the parameters of a request, if anything. */
export const checkRequest = (method: Method, params: unknown): string | undefined =>
  check(METHOD_CHECKS[method] as Readonly<Record<string, Check>>, params);

export const checkNotification = (name: keyof ClientNotifications, params: unknown): string | undefined =>
  check(NOTIFICATION_CHECKS[name], params);
