export {Bridge} from './bridge.ts';
export type {BridgeAddress, BridgeOptions} from './bridge-options.ts';
export {BridgeLink, type BridgePort, type PortOptions} from './bridge-link.ts';
export {type FaultCounts, formatNetFaults, type NetFaults, parseNetFaults} from './faults/index.ts';
export {FrameArea} from './frame-area.ts';
export {ETH_HLEN, FrameBatch, type FrameCapture} from './frame-batch.ts';
export {FrameFinisher} from './frame-finisher.ts';
export {getBe16, internetChecksum, parseIpv4, putBe16} from './inet.ts';
export {BridgeInterface, type InterfaceOptions} from './interface.ts';
export {formatMac, isGroup, macHigh, macLow, parseMac} from './mac.ts';
export {MacTable, type MacEntry, type MacTableOptions} from './mac-table.ts';
export {DEFAULT_BRIDGE, Networks, type VifPlace, type VifScript} from './networks.ts';
export {CHECKSUM_BLANK, leftToDo, NO_OFFLOAD, OVER_IPV6, removeChecksum, segmentBytes} from './offload.ts';
export {
  type CaptureInterface,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
} from './pcapng.ts';
export {findTransport, IPPROTO_TCP, IPPROTO_UDP, isChecksumRight} from './transport.ts';
export type {PortVlan} from './vlan.ts';
export {replyTo} from './responder.ts';
