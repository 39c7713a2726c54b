/** Text that every store takes: no NUL (PostgreSQL refuses it) and no half of a surrogate pair. */
export const plainText = (text: string): string => text.replace(/\p{Surrogate}|\0/gu, "\ufffd");
