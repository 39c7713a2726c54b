/**
 * A token belongs to one running attempt. Two claims with the same hashes at the same time (one repeated while the first was not
 * committed yet) could each take an attempt: neither sees what the other has not committed. Only a unique index does.
 */
export const sql = `
-- Where it has happened: the first keeps the token; the others' is nobody's, so that their leases run out and they are given up.
update task_instance ti set token_hash = ti.token_hash || ' of ' || ti.id
where ti.state = 'running' and exists (
  select from task_instance other where other.state = 'running' and other.token_hash = ti.token_hash and other.id < ti.id);
drop index task_instance_token;
create unique index task_instance_token on task_instance (token_hash) where state = 'running';
`;
