export {crc32} from './crc32.ts';
export {address64, Descriptor, DESCRIPTOR_BYTES} from './descriptor.ts';
export {Microwire, MICROWIRE_WORDS} from './microwire.ts';
export {type FrameReceiver, NicPort, type NicPortOptions} from './nic-port.ts';
export {receivedChecksums, type Verdict} from './received-checksums.ts';
