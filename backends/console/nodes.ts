import type {XsClient} from '../../hypervisor/xenstore/index.ts';

/** What /local/domain/N/console says of a guest's console. */
export interface ConsoleNodes {
  /** The guest's event channel port. */
  port: number;
  /** Frame of the ring. */
  ringRef: number;
  /** Bytes of output to keep; undefined when the toolstack wrote none. */
  limit: number | undefined;
}

const parseNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;

/**
 * Undefined while the toolstack has not written the directory, or when somebody else serves the console.
 * @see console/type in xenstore-paths: "xenconsoled" or "ioemu"
 */
export const readConsoleNodes = async (xs: XsClient, domid: number): Promise<ConsoleNodes | undefined> => {
  const read = (key: string): Promise<string | undefined> => xs.read(`/local/domain/${domid}/console/${key}`);
  const ringRef = parseNumber(await read('ring-ref'));
  const port = parseNumber(await read('port'));
  if (ringRef === undefined || port === undefined) return undefined;
  const type = await read('type');
  if (type !== undefined && type !== 'xenconsoled') return undefined;
  return {port, ringRef, limit: parseNumber(await read('limit'))};
};
