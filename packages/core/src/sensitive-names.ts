/** Names of values that are never shown, as Airflow has them: a name that contains one of these. */
const sensitiveNames = [
  "access_key",
  "access_token",
  "api_key",
  "apikey",
  "authorization",
  "connection_string",
  "keyfile_dict",
  "passphrase",
  "passwd",
  "password",
  "private_key",
  "proxies",
  "proxy",
  "secret",
  "service_account",
  "token",
];

/**
 * Whether a value of this name must not be shown: in logs, lists, rendered fields.
 * @example isSensitiveName("warehouse_password") // true
 */
export function isSensitiveName(name: string): boolean {
  const lower = name.toLowerCase();
  return sensitiveNames.some((part) => lower.includes(part));
}
