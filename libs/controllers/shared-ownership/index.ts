export { createOwnership, type Ownership, type OwnershipOptions } from './ownership.ts';
