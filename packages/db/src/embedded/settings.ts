/** PostgreSQL settings by name, as on its command line. */
export type ServerSettings = Readonly<Record<string, string>>;

/**
 * What the embedded server runs with. They are given on the command line and not in `postgresql.conf`, so that a newer
 * Airloom brings newer settings to an old data folder.
 */
const laptopSettings: ServerSettings = {
  max_connections: "100",
  shared_buffers: "128MB",
  // The promise that an acknowledged write survives is kept on laptops too.
  fsync: "on",
  synchronous_commit: "on",
  // One server without replicas: the short WAL is enough for crash recovery.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  // After a kill PostgreSQL first syncs all its files. One call for all of them instead of a thousand: recovery took
  // 0.2 s instead of 1.2 s on a busy disk. Only Linux has the call.
  ...(process.platform === "linux" ? { recovery_init_sync_method: "syncfs" } : {}),
  // Every hot statement is short; compiling it takes longer than running it.
  jit: "off",
  random_page_cost: "1.1",
  timezone: "UTC",
  logging_collector: "off",
  log_destination: "stderr",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] ",
  // Statements may carry secrets; the error itself is enough.
  log_min_error_statement: "panic",
  log_parameter_max_length_on_error: "0",
};

/** Trades safety for speed: for databases that are thrown away. */
const throwAwaySettings: ServerSettings = { fsync: "off", full_page_writes: "off", synchronous_commit: "off" };

/** The arguments of `postgres`: local socket only, our settings, then the caller's. */
export function serverArguments(place: {
  dataDir: string;
  socketDir: string;
  durable: boolean;
  settings: ServerSettings;
}): string[] {
  const settings: ServerSettings = {
    ...laptopSettings,
    ...(place.durable ? {} : throwAwaySettings),
    ...place.settings,
    listen_addresses: "",
    // A list, in which a comma or a blank needs the quotes.
    unix_socket_directories: `"${place.socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
  };
  return ["-D", place.dataDir, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}
