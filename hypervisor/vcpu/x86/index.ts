export {type AcpiTable, acpiTables} from './acpi.ts';
export {X86Core} from './core.ts';
export {patchCore, UnknownCoreError} from './patch.ts';
export {contextFault} from './snapshot.ts';
export {X86Vcpu} from './x86-vcpu.ts';
