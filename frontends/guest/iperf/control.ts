import {readU32, writeU32, type TcpStream} from '../net/index.ts';

/** What both ends tell each other, a byte each. @see iperf3's iperf_api.h */
export const TEST_START = 1;
export const TEST_RUNNING = 2;
export const TEST_END = 4;
export const PARAM_EXCHANGE = 9;
export const CREATE_STREAMS = 10;
const CLIENT_TERMINATE = 12;
export const EXCHANGE_RESULTS = 13;
export const DISPLAY_RESULTS = 14;
export const IPERF_DONE = 16;
export const ACCESS_DENIED = 0xff;
const SERVER_ERROR = 0xfe;

export const IPERF_PORT = 5201;
/** 36 characters and a zero: what the connections of one test have in common. */
export const COOKIE_BYTES = 37;
const MAX_JSON_BYTES = 64 * 1024;

/** The other end does not keep to the protocol, or does not want us. */
export class IperfError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'IperfError';
  }
}

const refusals: Readonly<Record<number, string>> = {
  [ACCESS_DENIED]: 'the server is busy running a test. try again later',
  [SERVER_ERROR]: 'the server has had an error',
  [CLIENT_TERMINATE]: 'the client has terminated',
};

/** What a test is, as the client says it. Unknown members are left alone. */
export interface IperfParameters {
  tcp?: boolean;
  udp?: boolean;
  omit: number;
  /** Seconds; 0: `num` counts. */
  time: number;
  /** Bytes; 0: `time` counts. */
  num: number;
  blockcount: number;
  parallel: number;
  reverse?: boolean;
  /** Bytes of a block or datagram. */
  len: number;
  /** Bits a second of each stream; 0: as fast as it goes. */
  bandwidth?: number;
  pacing_timer: number;
  udp_counters_64bit?: number;
  client_version: string;
}

/** What one end counted of a stream. */
export interface StreamResult {
  id: number;
  bytes: number;
  retransmits: number;
  jitter: number;
  errors: number;
  packets: number;
  start_time: number;
  end_time: number;
}

export interface IperfResults {
  cpu_util_total: number;
  cpu_util_user: number;
  cpu_util_system: number;
  sender_has_retransmits: number;
  streams: StreamResult[];
}

/** The connection over which a test is agreed on, and its results are exchanged. */
export class ControlChannel {
  readonly stream: TcpStream;
  private rest = new Uint8Array(0);

  constructor(stream: TcpStream) {
    this.stream = stream;
    stream.setNoDelay(true);
  }

  async read(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const some = this.rest.length > 0 ? this.rest : await this.stream.read();
      if (some === undefined) throw new IperfError('control socket has closed unexpectedly');
      const part = some.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.rest = Uint8Array.from(some.subarray(part.length));
    }
    return bytes;
  }

  async readState(): Promise<number> {
    return (await this.read(1))[0];
  }

  /** Waits for one state and no other. */
  async expect(state: number): Promise<void> {
    const got = await this.readState();
    if (got !== state) throw new IperfError(refusals[got] ?? `state ${got} came instead of ${state}`);
  }

  sendState(state: number): Promise<void> {
    return this.stream.write(Uint8Array.of(state));
  }

  /** An object behind its length. */
  async readJson<T>(): Promise<T> {
    const length = readU32(await this.read(4), 0);
    if (length > MAX_JSON_BYTES) throw new IperfError(`${length} bytes of JSON are too many`);
    const value = parseJson(new TextDecoder().decode(await this.read(length)));
    if (typeof value !== 'object' || value === null) throw new IperfError('no JSON object');
    return value as T;
  }

  sendJson(value: object): Promise<void> {
    const text = new TextEncoder().encode(JSON.stringify(value));
    const message = new Uint8Array(4 + text.length);
    writeU32(message, 0, text.length);
    message.set(text, 4);
    return this.stream.write(message);
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
