/** Answers of the API, as far as commands read them. Field names are Airflow's. */
export interface DagEntity {
  readonly dag_id: string;
  readonly is_paused: boolean;
  readonly is_stale: boolean;
  readonly fileloc: string | null;
  readonly relative_fileloc?: string | null;
  readonly last_parse_duration: number | null;
  readonly timetable_summary: string | null;
  readonly timetable_description: string | null;
  readonly owners: readonly string[];
  readonly tags: readonly { readonly name: string }[];
  readonly has_import_errors?: boolean;
  readonly next_dagrun_logical_date: string | null;
  readonly next_dagrun_data_interval_start: string | null;
  readonly next_dagrun_data_interval_end: string | null;
  readonly next_dagrun_run_after: string | null;
  readonly max_active_runs: number | null;
}

export interface RunEntity {
  readonly dag_id: string;
  readonly dag_run_id: string;
  readonly state: string;
  readonly run_type: string;
  readonly logical_date: string | null;
  readonly run_after: string;
  readonly queued_at: string | null;
  readonly start_date: string | null;
  readonly end_date: string | null;
  readonly duration: number | null;
  readonly note: string | null;
}

export interface TaskEntity {
  readonly task_id: string;
  readonly operator_name: string | null;
  readonly trigger_rule: string;
  readonly is_mapped: boolean | null;
  readonly downstream_task_ids: readonly string[];
  readonly retries: number | null;
  readonly pool: string | null;
}

export interface InstanceEntity {
  readonly dag_id: string;
  readonly dag_run_id: string;
  readonly task_id: string;
  readonly map_index: number;
  /** Null: nothing was decided yet. */
  readonly state: string | null;
  readonly try_number: number;
  readonly max_tries: number;
  readonly start_date: string | null;
  readonly end_date: string | null;
  readonly duration: number | null;
  readonly hostname: string | null;
  readonly note: string | null;
}

export interface ImportErrorEntity {
  readonly import_error_id: number;
  readonly filename: string;
  readonly timestamp: string;
  readonly stack_trace: string;
}

export interface PoolEntity {
  readonly name: string;
  readonly slots: number;
  readonly description: string | null;
  readonly include_deferred: boolean;
  readonly occupied_slots?: number;
  readonly running_slots?: number;
  readonly queued_slots?: number;
  readonly open_slots?: number;
}

export interface VariableEntity {
  readonly key: string;
  readonly value: string | null;
  readonly description: string | null;
}

export interface ConnectionEntity {
  readonly connection_id: string;
  readonly conn_type: string;
  readonly description: string | null;
  readonly host: string | null;
  readonly login: string | null;
  readonly schema: string | null;
  readonly port: number | null;
  readonly password: string | null;
  readonly extra: string | null;
}

export interface HealthEntity {
  readonly metadatabase: { readonly status: string | null };
  readonly scheduler: { readonly status: string | null; readonly latest_scheduler_heartbeat?: string | null };
  readonly dag_processor: { readonly status: string | null; readonly latest_dag_processor_heartbeat?: string | null };
}

/** `task` or `task[3]`. */
export const instanceName = ({ task_id, map_index }: Pick<InstanceEntity, "task_id" | "map_index">): string =>
  map_index < 0 ? task_id : `${task_id}[${map_index}]`;

/** An id as a part of a path. Half of a surrogate pair, which UTF-8 cannot say, becomes the replacement character: no id has one. */
export const segment = (id: string): string => encodeURIComponent(id.replace(/\p{Surrogate}/gu, "\ufffd"));

export const dagPath = (dagId: string): string => `/api/v2/dags/${segment(dagId)}`;
export const runPath = (dagId: string, runId: string): string => `${dagPath(dagId)}/dagRuns/${segment(runId)}`;
export const instancePath = (dagId: string, runId: string, taskId: string): string =>
  `${runPath(dagId, runId)}/taskInstances/${segment(taskId)}`;
