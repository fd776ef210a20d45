import {atoi} from './c-numbers.ts';

export type StringField =
  'target' | 'vdev' | 'script' | 'backend' | 'coloHost' | 'coloExport' | 'activeDisk' | 'hiddenDisk';

const FORMATS: readonly string[] = ['raw', 'qcow', 'qcow2', 'vhd', 'qed', 'empty'];
const BACKEND_TYPES: readonly string[] = ['phy', 'tap', 'qdisk', 'standalone'];
const SPECIFICATIONS: readonly string[] = ['xen', 'virtio'];
const ACCESS: Readonly<Record<string, boolean>> = {r: false, ro: false, w: true, rw: true, '': true};

/** What is known of a disk so far; a message for every mistake. */
export type DiskState = {
  source: string;
  spec: string;
  messages: string[];
  strings: Partial<Record<StringField, string>>;
  format?: string;
  backendType?: string;
  specification?: string;
  readwrite: boolean;
  accessSet: boolean;
  cdrom: boolean;
  directIoSafe: boolean;
  discard?: boolean;
  trusted?: boolean;
  grantUsage?: boolean;
  coloEnable?: boolean;
  coloPort?: number;
  /** An old prefix was seen: there is no positional slot for the format then. */
  oldPrefix: boolean;
};

export const initialState = (source: string): DiskState => ({
  source,
  spec: '',
  messages: [],
  strings: {},
  readwrite: true,
  accessSet: false,
  cdrom: false,
  directIoSafe: false,
  oldPrefix: false,
});

export const complain = (state: DiskState, message: string, near?: string): void => {
  const where = near === undefined ? '' : `: near \`${near}'`;
  state.messages.push(
    `${state.source}: config parsing error in disk specification: ${message}${where} in \`${state.spec}'`,
  );
};

export const setString = (state: DiskState, field: StringField, name: string, value: string): void => {
  if (state.strings[field]) complain(state, `${name} respecified`, value);
  else state.strings[field] = value;
};

const setChoice = (
  state: DiskState,
  field: 'format' | 'backendType' | 'specification',
  name: string,
  choices: readonly string[],
  value: string,
  near = value,
): void => {
  if (!choices.includes(value)) complain(state, `unknown value for ${field.toLowerCase()}`, near);
  else if (state[field] !== undefined && state[field] !== value) complain(state, `${name} respecified`, near);
  else state[field] = value;
};

export const setFormat = (state: DiskState, text: string): void =>
  setChoice(state, 'format', 'format', FORMATS, text === '' ? 'raw' : text, text);

export const setBackendType = (state: DiskState, value: string): void =>
  setChoice(state, 'backendType', 'backend', BACKEND_TYPES, value);

export const setSpecification = (state: DiskState, value: string): void =>
  setChoice(state, 'specification', 'specification', SPECIFICATIONS, value);

export const setAccess = (state: DiskState, value: string): void => {
  const readwrite = Object.hasOwn(ACCESS, value) ? ACCESS[value] : undefined;
  if (readwrite === undefined) complain(state, 'unknown value for access', value);
  else state.readwrite = readwrite;
};

export const setColoPort = (state: DiskState, value: string): void => {
  const port = atoi(value);
  if (port === 0) complain(state, 'unknown value for colo_port', value);
  else state.coloPort = port;
};

/** A parameter without a name fills the first of target, format, vdev and access that is not set. */
export const positional = (state: DiskState, text: string): boolean => {
  const {strings} = state;
  if (state.messages.length > 0) return false;
  if (strings.target === undefined) setString(state, 'target', 'target', text);
  else if (!state.oldPrefix && state.format === undefined) positionalFormat(state, text);
  else if (strings.vdev === undefined) positionalVdev(state, text);
  else if (!state.accessSet) {
    state.accessSet = true;
    setAccess(state, text);
  } else {
    complain(state, 'too many positional parameters', text);
    return true;
  }
  return false;
};

/** Without a target the format's slot may hold the device already, as in `,hdc:cdrom,r`. */
const positionalFormat = (state: DiskState, text: string): void => {
  if (state.strings.target === '' && text.includes(':')) {
    positionalVdev(state, text);
    state.format = 'empty';
  } else setFormat(state, text);
};

/** `vdev` or `vdev:devtype`. */
const positionalVdev = (state: DiskState, text: string): void => {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return setString(state, 'vdev', 'vdev', text);
  setString(state, 'vdev', 'vdev', text.slice(0, colon));
  const type = text.slice(colon + 1);
  if (type === 'cdrom' || type === 'disk') state.cdrom = type === 'cdrom';
  else complain(state, 'unknown deprecated type', type);
};
