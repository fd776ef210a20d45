import {type NetFaults, parseNetFaults} from '../../backends/network/faults/net-faults.ts';
import {parseUplink, type UplinkSpec} from '../../backends/network/uplink/spec.ts';
import {ToolstackError} from '../errors.ts';
import type {BridgeConfig} from './api.ts';

/** For vif-nat in a host that is told of no NAT network. */
export const DEFAULT_NAT: BridgeConfig & {nat: string} = {name: 'xennat0', nat: '192.168.77.1/24'};

/** Those of a host that is told of none. */
export const DEFAULT_BRIDGES: readonly BridgeConfig[] = [{name: 'xenbr0', dom0Address: '10.0.0.254'}, DEFAULT_NAT];

/** The bridges, with one more uplink on the one of that name. ENOENT when there is none. */
export const withUplink = (bridges: readonly BridgeConfig[], name: string, uplink: string): BridgeConfig[] => {
  if (!bridges.some((bridge) => bridge.name === name)) throw new ToolstackError('ENOENT', `pvsim: no bridge ${name}`);
  return bridges.map((bridge) =>
    bridge.name === name ? {...bridge, uplinks: [...(bridge.uplinks ?? []), uplink]} : bridge,
  );
};

/** EINVAL. */
export const readFaults = (text: string): NetFaults => {
  try {
    return parseNetFaults(text);
  } catch (error) {
    throw new ToolstackError('EINVAL', `pvsim: ${(error as RangeError).message}`);
  }
};

export const readUplink = (text: string): UplinkSpec => {
  try {
    return parseUplink(text);
  } catch (error) {
    throw new ToolstackError('EINVAL', `pvsim: uplink ${(error as RangeError).message}`);
  }
};
