import {strtoul} from './c-numbers.ts';
import {ConfigError} from './config-error.ts';
import {formatMac, parseMac} from './mac.ts';
import {parseVifRate, type VifRate} from './vif-rate.ts';

/** One network interface as its specification says; what the specification leaves open stays undefined. */
export type VifConfig = {
  devid?: number;
  /** Lower case with colons. */
  mac?: string;
  bridge?: string;
  ip?: string;
  script?: string;
  gatewaydev?: string;
  /** Name of the backend's interface. */
  vifname?: string;
  /** Name or number of the domain that runs the backend; undefined means dom0. */
  backend?: string;
  type?: 'vif' | 'ioemu';
  model?: string;
  mtu?: number;
  rate?: VifRate;
  trusted?: boolean;
  /** For the `tuning` nodes of either end: what its driver is to do otherwise than by default. */
  tuning?: {backend?: string; frontend?: string};
  /** Replication settings in libxl's spelling, carried but not used. */
  colo?: Readonly<Record<string, string>>;
};

/** Warnings are for stderr and do no harm; errors only matter where xl is strict. */
type State = {source: string; vif: VifConfig; warnings: string[]; errors: string[]};

type Setter = (state: State, value: string) => void;

const text =
  (field: 'bridge' | 'ip' | 'script' | 'gatewaydev' | 'vifname' | 'backend' | 'model'): Setter =>
  ({vif}, value) => {
    vif[field] = value;
  };

const number =
  (field: 'devid' | 'mtu'): Setter =>
  (state, value) => {
    const {value: read, length} = strtoul(value, 10);
    if (length === 0) throw fatal(state, `xl: failed to convert "${value}" to number`);
    state.vif[field] = Number(BigInt.asIntN(32, read));
  };

/** @see xl-network-configuration(5); xl-cfg-keys.json, device_specs.vif */
const SETTERS: Readonly<Record<string, Setter>> = {
  type: (state, value) => {
    if (value === 'vif' || value === 'ioemu') state.vif.type = value;
    else state.errors.push("Invalid parameter `type'.");
  },
  mac: (state, value) => {
    const {bytes, ok} = parseMac(value);
    if (!ok) state.errors.push("Invalid parameter `mac'.");
    if (bytes.some((byte) => byte !== 0)) state.vif.mac = formatMac(bytes);
  },
  bridge: text('bridge'),
  netdev: ({vif, warnings}, value) => {
    warnings.push('the netdev parameter is deprecated, please use gatewaydev instead');
    vif.gatewaydev = value;
  },
  gatewaydev: text('gatewaydev'),
  ip: text('ip'),
  script: text('script'),
  backend: text('backend'),
  vifname: text('vifname'),
  model: text('model'),
  rate: (state, value) => {
    const rate = parseVifRate(value);
    if ('error' in rate) {
      throw fatal(state, `${state.source}: config parsing error in vif: ${rate.error} in \`${rate.part}'`);
    }
    state.vif.rate = rate;
  },
  accel: ({warnings}) => void warnings.push('the accel parameter for vifs is currently not supported'),
  devid: number('devid'),
  mtu: number('mtu'),
};

const FLAGS: Readonly<Record<string, (vif: VifConfig) => void>> = {
  trusted: (vif) => void (vif.trusted = true),
  untrusted: (vif) => void (vif.trusted = false),
};

/** The replication proxy's settings: a name for each of its queues, devices, ids, addresses and ports. */
const COLO_KEY = new RegExp(
  `^(?:forwarddev|colo_(?:${[
    'sock_(?:mirror|compare_(?:sec_in|pri_in|notify)|redirector[012]|sec_redirector[01])_(?:id|ip|port)',
    'filter_mirror_(?:queue|outdev)',
    'filter_(?:sec_)?redirector[01]_(?:queue|indev|outdev)',
    'filter_sec_rewriter0_queue',
    'compare_(?:pri_in|sec_in|out|notify_dev)',
    'checkpoint_(?:host|port)',
  ].join('|')}))$`,
);

/**
 * Reads an item of vif=[]. xl creates the interface in spite of unknown or bad parameters and only prints about them.
 * @throws ConfigError for a bad rate, devid or mtu
 */
export const parseVifSpec = (spec: string, source = 'command line'): {vif: VifConfig; warnings: readonly string[]} => {
  const state: State = {source, vif: {}, warnings: [], errors: []};
  for (const token of spec.split(',')) {
    if (token === '') continue;
    setParameter(state, token.replace(/^ +/, ''));
    state.warnings.push(...state.errors.splice(0));
  }
  return {vif: state.vif, warnings: state.warnings};
};

/**
 * Reads the arguments of xl network-attach, one parameter each, commas and all.
 * @throws ConfigError for any bad parameter
 */
export const parseVifArguments = (
  parameters: readonly string[],
  source = 'command line',
): {vif: VifConfig; warnings: readonly string[]} => {
  const state: State = {source, vif: {}, warnings: [], errors: []};
  for (const token of parameters) {
    setParameter(state, token);
    if (state.errors.length > 0) throw fatal(state, ...state.errors);
  }
  return {vif: state.vif, warnings: state.warnings};
};

const setParameter = (state: State, token: string): void => {
  const equals = token.indexOf('=');
  const key = equals === -1 ? token : token.slice(0, equals);
  const value = token.slice(equals + 1);
  if (equals === -1 && Object.hasOwn(FLAGS, token)) FLAGS[token](state.vif);
  else if (equals !== -1 && Object.hasOwn(SETTERS, key)) SETTERS[key](state, value);
  else if (equals !== -1 && COLO_KEY.test(key)) state.vif.colo = {...state.vif.colo, [coloField(key)]: value};
  else state.errors.push(`unrecognized argument \`${token}'`);
};

const coloField = (key: string): string => (key === 'forwarddev' ? 'coloft_forwarddev' : key);

const fatal = ({source, warnings}: State, ...lines: string[]): ConfigError =>
  new ConfigError([...warnings, ...lines], {file: source});
