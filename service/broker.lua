--[[
The state of the queue, and every change to it. A call's first argument names a function `api.*`
below, which is sent with what it needs (lua.py); it is atomic, and takes the time from Redis itself.
For a single Redis, 6.2 or newer, not a cluster: keys are made from what is read. Whatever is
called may be called again, because a reply can be lost.

KEYS, all below `remocap:`. Times are seconds or, where it says so, milliseconds since 1970. A
job's keys live until `tick` forgets the job, `retention` seconds after its end.

 job:<job>               hash: body (Job), tenant, model (key), state, started, finished, code, message,
                         digest, key (idempotency), gpu_ms (estimated), held_ms (reserved: what is left of
                         it), frames, expected, decoded, erased,
                         clips and windows (sealed), committed and committed_windows, waiting (windows
                         not yet admitted), v (virtual time), seq (latest event), last:<kind>:<stage>
                         ("<seq> <time>" of the latest progress event), hook_tries (attempts
                         to call its webhook)
 job:<job>:clips         hash: clip -> ClipRequest, of those not committed; gone at the job's end
 job:<job>:pending       list: "<windows> <clip>", not admitted, in the order of sealing; gone likewise
 job:<job>:admitted      hash: clip -> "<entry> <windows>" of the queue; gone likewise
 job:<job>:attempts      hash: clip -> "<started> <of them alone> <lease of the last>"; gone likewise
 job:<job>:people        set: tracks that were found; gone likewise
 job:<job>:results       hash: clip -> path, of the committed
 job:<job>:events        zset: Event by its number
 job:<job>:exports       hash: export -> JSON {state, path, size_bytes, code, message}
 job:<job>:watchers      zset: watcher -> when it counts no more; in milliseconds
 key:<tenant>:<key>      string: the job of an idempotency key; goes with the job
 live                    zset: job -> when it was created; all that have not ended
 states                  hash: state -> number of jobs
 deadlines               zset: live job -> deadline
 over                    zset: ended job -> when it is forgotten
 hooks                   zset: ended job whose webhook is to be called -> when; in milliseconds
 unarchived              set: ended jobs without done.json
 tenant:<tenant>         hash: live (jobs and uploads), gpu_ms (reserved), v:<model or kind> (virtual time),
                         c:<model> (virtual clock of its jobs), drained, drains, busy and at (see
                         ADMISSION); expires an hour after its last live job
 jobs:<tenant>           zset: job -> 0, so that they lie in the order of their ids, which is time's
 load                    hash: gpu_ms (reserved in all), drained, drains, busy and at
 upload:<job>            hash: tenant, held_ms (reserved for a video that is on its way); gone once the job is
                         submitted or the reservation lapses
 uploads                 zset: job of such a video -> when its reservation lapses; in milliseconds
 tickets:<visitor>       zset: "<random> <gpu_ms>" of each refusal -> when to come back; expires
 line, line:<tenant>     hash: second -> gpu_ms promised to those who come back then; expires
 session:<digest>        string: id of the key that a browser showed; expires

 models                  set: model keys
 model:<model>           hash: seen, batch (windows of all live workers), admitted and waiting (windows),
                         clock (virtual), rate and rate_at (windows committed)
 workers:<model>         zset: worker -> when its announcement lapses; in milliseconds
 batches:<model>         hash: worker -> windows
 queue:<model>           stream of admitted clips, group `workers`; entries {job, clip, windows, queued};
                         acknowledged and deleted together, so its length is what is admitted
 backlog:<model>         zset: tenant with pending clips -> virtual time
 backlog:<model>:<tenant> zset: job with pending clips -> virtual time

 task:<task>             hash: kind, job, body (ExportRequest), consumer, fence, attempts, ready (its place)
 leases                  zset: claimed task -> when its lease lapses; in milliseconds
 turns:<kind>            zset: tenant with ready tasks -> virtual time
 ready:<kind>:<tenant>   zset: ready task -> its place, the age
 clock:<kind>            string: virtual clock
 wake:<kind>             list: at most 32 tokens, pushed as tasks become ready, for blocking claims

 dead                    stream of DeadClip, about the last 1000
 lead                    string: which reconciler acts; expires
 mark                    string: made once, so it tells when Redis was emptied
 notify                  channel: "<job> <state>" of every job that changed, behind it, where it is over, what
                         `status` replies, as JSON; no state: deleted

FAIRNESS (start-time fair queueing, Goyal et al. 1996). Whoever is served advances by the windows
served; the clock is the virtual time of the one last served; who comes back from idling starts at
the clock, if behind. Tenants take turns, and the jobs within a tenant. Clips enter the queue only
while fewer windows than 3 batches of all live workers are in it, so nobody waits behind more.

ADMISSION. What is reserved, of all and of a tenant, may not exceed a limit unless nothing else is. Whoever
is refused is told when enough will have drained behind those who were refused before, and has a ticket for
that time: who shows up then (a visitor is known by tenant, address, size and idempotency key) goes before
newcomers, who are let in only where no promise breaks by it. Tickets that nobody shows in time lapse. How
fast reservations drain is measured while there are any, each moment weighted with what is reserved, as the
pace under load is what is asked for: drained/busy, both faded over DRAIN_SPAN of busy seconds.

LEASES. A delivery is named "<entry>/<count of deliveries>", and is its worker's while the pending
entry has this consumer, this count, and was touched less than a lease ago. A task's fence is the
time of its claim in microseconds, so no two claims have the same, even if Redis was emptied between.
]]

local call = redis.call
local P = 'remocap:'
local BATCHES = 3             -- admitted windows, in batches of all live workers
local FIRST_BATCH = 16        -- windows in place of a batch while no worker is there
local MAX_STARTED = 3         -- attempts of a clip, ...
local MAX_ALONE = 2           -- ... of which alone, that make it a dead letter
local MAX_HOLDERS = 3         -- of a task that vanish without getting further
local EVENT_GAP = 0.25        -- seconds between progress events of a kind
local RATE_SPAN = 30          -- seconds over which rates are taken
local DRAIN_SPAN = 20         -- busy seconds over which the draining of reservations is taken
local FEW = 4                 -- changes before that is believed; ...
local PRIOR = 1000            -- ... until then a worker is thought to do so many gpu_ms in a second
local MARGIN = 1.0            -- of the time that a refused client is told
local GRACE = 3               -- seconds that a ticket holds beyond its time
local OVERDRAFT = 0.2         -- share of a limit by which tickets may exceed it
local EARLY = 0.25            -- seconds by which one may come before the time that was told
local LONGEST = 3600          -- seconds that are told at most, and for which promises are made
local DEAD = 1000             -- dead letters kept
local FEW_RESULTS = 16        -- that come with a job's status
local OVER = {succeeded = true, failed = true, cancelled = true}
local SWEEP = 200             -- of each kind that a tick handles
local HOOK_LEASE = 60000      -- milliseconds in which an attempt to call a webhook has ended

local config = cjson.decode(ARGV[2])
local lease_ms = config.lease * 1000
local clock = call('TIME')
local us = clock[1] * 1e6 + clock[2] + (config.ahead_us or 0)  -- tests let time pass
local now = us / 1e6
local now_ms = math.floor(us / 1000)
local now_us = string.format('%.0f', us)
local changed = {}            -- jobs to notify of, when all is done

local function refuse(word, message) error({word .. ' ' .. message}) end
local function job_key(job, part) return P .. 'job:' .. job .. (part and ':' .. part or '') end
local function num(value) return tonumber(value or 0) or 0 end
local function get(key, field) return call('HGET', key, field) end
local function touch(job) changed[job] = true end

-- With the results of a job that has succeeded, if they are few: whoever asks wants them next.
local function status_of(job)
  local people, fields = call('SCARD', job_key(job, 'people')), call('HGETALL', job_key(job))
  local key, results = job_key(job, 'results'), {}
  if get(job_key(job), 'state') == 'succeeded' and call('HLEN', key) <= FEW_RESULTS then
    results = call('HGETALL', key)
  end
  return {fields, people, results}
end

-- Events and rates ------------------------------------------------------------------------------

local function emit(job, kind, data)
  local seq = call('HINCRBY', job_key(job), 'seq', 1)
  local event = {v = 1, seq = seq, kind = kind, at_s = now, data = data}
  call('ZADD', job_key(job, 'events'), seq, cjson.encode(event))
  touch(job)
  return seq
end

-- An event that replaces the one before it of the same kind and stage; at most 4 a second.
local function emit_progress(job, kind, stage, data, is_last)
  local key, field = job_key(job), 'last:' .. kind .. ':' .. stage
  local seq, at = string.match(get(key, field) or '', '^(%d+) (.+)$')
  if seq and now - at < EVENT_GAP and not is_last then return end
  if seq then call('ZREMRANGEBYSCORE', job_key(job, 'events'), seq, seq) end
  call('HSET', key, field, emit(job, kind, data) .. ' ' .. now)
end

local function rate(key)
  local count, at = unpack(call('HMGET', key, 'rate', 'rate_at'))
  return num(count) * math.exp((num(at) - now) / RATE_SPAN) / RATE_SPAN
end

local function add_to_rate(key, amount)
  call('HSET', key, 'rate', rate(key) * RATE_SPAN + amount, 'rate_at', now)
end

-- Reservations ----------------------------------------------------------------------------------

-- How fast what is reserved has been draining up to now: sums over busy time, nil where none was.
local function drain_of(key)
  local held, drained, busy, at = unpack(call('HMGET', key, 'gpu_ms', 'drained', 'busy', 'at'))
  local passed = num(held) > 0 and now - num(at or now) or 0
  local fade = math.exp(-passed / DRAIN_SPAN)
  return num(drained) * fade, num(busy) * fade + num(held) * passed, num(held)
end

local function change_reserved(key, more, drains)
  local drained, busy, held = drain_of(key)
  if drains and more < 0 then
    drained = drained - held * more
    call('HINCRBY', key, 'drains', 1)
  end
  call('HSET', key, 'gpu_ms', held + more, 'drained', tostring(drained), 'busy', tostring(busy),
    'at', now)
end

-- Reserve more, or less where it is negative; `drains` unless it is an admission or its undoing.
local function change_both(tenant, more, drains)
  if more == 0 then return end
  change_reserved(P .. 'tenant:' .. tenant, more, drains)
  change_reserved(P .. 'load', more, drains)
end

-- Estimate a job's work anew; what is committed of it is reserved no longer.
local function reserve(job, gpu_ms)
  local tenant, held, committed =
    unpack(call('HMGET', job_key(job), 'tenant', 'held_ms', 'committed_windows'))
  local left = math.max(gpu_ms - num(committed) * config.window_ms, 0)
  call('HSET', job_key(job), 'gpu_ms', gpu_ms, 'held_ms', left)
  change_both(tenant, left - num(held), true)
end

local function count_live(tenant, more)
  local key = P .. 'tenant:' .. tenant
  if call('HINCRBY', key, 'live', more) > 0 then
    call('PERSIST', key)
  else
    call('EXPIRE', key, 3600)
  end
end

-- End the reservation of an upload; how much it was, nil where there was none.
local function end_hold(job)
  local tenant, held = unpack(call('HMGET', P .. 'upload:' .. job, 'tenant', 'held_ms'))
  if not tenant then return nil end
  call('DEL', P .. 'upload:' .. job)
  call('ZREM', P .. 'uploads', job)
  count_live(tenant, -1)
  return num(held), tenant
end

local function withdraw(job)
  local held, tenant = end_hold(job)
  if held then change_both(tenant, -held, false) end
end

local function lapse_holds()
  local lapsed = call('ZRANGEBYSCORE', P .. 'uploads', '-inf', now_ms, 'LIMIT', 0, SWEEP)
  for _, job in ipairs(lapsed) do withdraw(job) end
end

local function set_state(job, state)
  local old = get(job_key(job), 'state')
  if old then call('HINCRBY', P .. 'states', old, -1) end
  call('HINCRBY', P .. 'states', state, 1)
  call('HSET', job_key(job), 'state', state)
  touch(job)
end

local function is_live(job) return call('ZSCORE', P .. 'live', job) ~= false end

-- Fair refill of a model's queue ----------------------------------------------------------------

local function queue_key(model)
  local key = P .. 'queue:' .. model
  if call('EXISTS', key) == 0 then call('XGROUP', 'CREATE', key, 'workers', '0', 'MKSTREAM') end
  return key
end

-- What has been waiting at a place for its turn starts there no earlier than its clock.
local function join(key, member, own, at_clock)
  if not call('ZSCORE', key, member) then
    call('ZADD', key, math.max(num(own), num(at_clock)), member)
  end
end

local function join_backlog(job, tenant, model)
  local model_key, tenant_key = P .. 'model:' .. model, P .. 'tenant:' .. tenant
  join(P .. 'backlog:' .. model .. ':' .. tenant, job, get(job_key(job), 'v'),
    get(tenant_key, 'c:' .. model))
  join(P .. 'backlog:' .. model, tenant, get(tenant_key, 'v:' .. model), get(model_key, 'clock'))
end

local function leave_backlog(job, tenant, model)
  local jobs = P .. 'backlog:' .. model .. ':' .. tenant
  call('ZREM', jobs, job)
  if call('EXISTS', jobs) == 0 then call('ZREM', P .. 'backlog:' .. model, tenant) end
end

local function enqueue(model, job, clip, windows, queued)
  local entry = call('XADD', queue_key(model), '*', 'job', job, 'clip', clip,
    'windows', windows, 'queued', queued)
  call('HSET', job_key(job, 'admitted'), clip, entry .. ' ' .. windows)
end

local function advance(job, tenant, model, windows)
  local jobs, tenants = P .. 'backlog:' .. model .. ':' .. tenant, P .. 'backlog:' .. model
  local tenant_key = P .. 'tenant:' .. tenant
  call('HSET', tenant_key, 'c:' .. model, call('ZSCORE', jobs, job))
  call('HSET', P .. 'model:' .. model, 'clock', call('ZSCORE', tenants, tenant))
  call('HSET', job_key(job), 'v', call('ZINCRBY', jobs, windows, job))
  call('HSET', tenant_key, 'v:' .. model, call('ZINCRBY', tenants, windows, tenant))
end

local function refill(model)
  local model_key = P .. 'model:' .. model
  local batch, admitted = unpack(call('HMGET', model_key, 'batch', 'admitted'))
  local limit = num(batch) > 0 and BATCHES * num(batch) or FIRST_BATCH
  admitted = num(admitted)
  while admitted < limit do
    local tenant = call('ZRANGE', P .. 'backlog:' .. model, 0, 0)[1]
    if not tenant then break end
    local job = call('ZRANGE', P .. 'backlog:' .. model .. ':' .. tenant, 0, 0)[1]
    local pending = job_key(job, 'pending')
    local windows, clip = string.match(call('LINDEX', pending, 0), '^(%d+) (.+)$')
    if admitted > 0 and admitted + windows > limit then break end
    call('LPOP', pending)
    enqueue(model, job, clip, windows, now)
    advance(job, tenant, model, windows)
    call('HINCRBY', job_key(job), 'waiting', -windows)
    call('HINCRBY', model_key, 'waiting', -windows)
    admitted = call('HINCRBY', model_key, 'admitted', windows)
    if call('EXISTS', pending) == 0 then leave_backlog(job, tenant, model) end
  end
end

local function remove_entry(model, entry, windows)
  call('XACK', P .. 'queue:' .. model, 'workers', entry)
  call('XDEL', P .. 'queue:' .. model, entry)
  call('HINCRBY', P .. 'model:' .. model, 'admitted', -windows)
end

-- Media tasks -----------------------------------------------------------------------------------

local function task_parts(task)
  local kind, job = unpack(call('HMGET', P .. 'task:' .. task, 'kind', 'job'))
  if not kind then return end
  return kind, job, get(job_key(job), 'tenant')
end

local function make_ready(task)
  local kind, job, tenant = task_parts(task)
  call('ZREM', P .. 'leases', task)
  call('HDEL', P .. 'task:' .. task, 'consumer')
  local place = get(P .. 'task:' .. task, 'ready')
  call('ZADD', P .. 'ready:' .. kind .. ':' .. tenant, place, task)
  join(P .. 'turns:' .. kind, tenant, get(P .. 'tenant:' .. tenant, 'v:' .. kind),
    call('GET', P .. 'clock:' .. kind))
  call('LPUSH', P .. 'wake:' .. kind, 1)
  call('LTRIM', P .. 'wake:' .. kind, 0, 31)
end

local function add_task(task, kind, job, body)
  call('HSET', P .. 'task:' .. task, 'kind', kind, 'job', job, 'body', body,
    'attempts', 0, 'ready', now)
  make_ready(task)
end

local function take_from_ready(kind, tenant, task)
  local ready = P .. 'ready:' .. kind .. ':' .. tenant
  call('ZREM', ready, task)
  if call('EXISTS', ready) == 0 then call('ZREM', P .. 'turns:' .. kind, tenant) end
end

local function drop_task(task)
  local kind, _, tenant = task_parts(task)
  if not kind then return end
  take_from_ready(kind, tenant, task)
  call('ZREM', P .. 'leases', task)
  call('DEL', P .. 'task:' .. task)
end

-- The end of a job ------------------------------------------------------------------------------

local function release_tenant(job, tenant)
  reserve(job, 0)
  count_live(tenant, -1)
end

local function empty_queue(job, tenant, model)
  leave_backlog(job, tenant, model)
  call('HINCRBY', P .. 'model:' .. model, 'waiting', 0 - num(get(job_key(job), 'waiting')))
  call('HSET', job_key(job), 'waiting', 0)
  for _, place in ipairs(call('HVALS', job_key(job, 'admitted'))) do
    local entry, windows = string.match(place, '^(%S+) (%d+)$')
    remove_entry(model, entry, windows)
  end
  for _, part in ipairs({'clips', 'pending', 'admitted', 'attempts', 'people'}) do
    call('UNLINK', job_key(job, part))
  end
end

-- Say that a job has ended, to whoever listens and to its webhook.
local function tell_end(job, state, code, message)
  emit(job, 'finished', {state = state, code = code, message = message})
  if cjson.decode(get(job_key(job), 'body')).webhook then
    call('ZADD', P .. 'hooks', now_ms, job)
  end
end

-- End a live job; whether it was live.
local function finish(job, state, code, message)
  if not is_live(job) then return false end
  local key = job_key(job)
  local tenant, model = unpack(call('HMGET', key, 'tenant', 'model'))
  set_state(job, state)
  call('HSET', key, 'finished', now, 'code', code, 'message', message)
  empty_queue(job, tenant, model)
  drop_task('decode:' .. job)
  release_tenant(job, tenant)
  call('ZREM', P .. 'live', job)
  call('ZREM', P .. 'deadlines', job)
  call('ZADD', P .. 'over', now + config.retention, job)
  call('SADD', P .. 'unarchived', job)
  tell_end(job, state, code, message)
  refill(model)
  return true
end

-- End a job whose clips are all sealed and committed.
local function settle(job)
  local decoded, clips, committed =
    unpack(call('HMGET', job_key(job), 'decoded', 'clips', 'committed'))
  if num(decoded) == 0 or num(clips) ~= num(committed) then return end
  if num(clips) > 0 then
    finish(job, 'succeeded', '', '')
  else
    finish(job, 'failed', 'no_person_found', 'the video shows no person that could be followed; '
      .. 'expected one in view for some frames, at least a twentieth of the picture high')
  end
end

local function forget(job)
  local key = job_key(job)
  local tenant, state, name = unpack(call('HMGET', key, 'tenant', 'state', 'key'))
  for _, export in ipairs(call('HKEYS', job_key(job, 'exports'))) do
    drop_task('export:' .. job .. ':' .. export)
  end
  if tenant then
    call('ZREM', P .. 'jobs:' .. tenant, job)
    call('HINCRBY', P .. 'states', state, -1)
    local named = P .. 'key:' .. tenant .. ':' .. (name or '')
    if call('GET', named) == job then call('DEL', named) end
  end
  for _, part in ipairs({'results', 'events', 'exports', 'watchers'}) do
    call('UNLINK', job_key(job, part))
  end
  call('DEL', key)
  call('ZREM', P .. 'over', job)
  call('ZREM', P .. 'hooks', job)
  call('SREM', P .. 'unarchived', job)
end

-- A task whose holder vanished: ready again, or, after too many of them, failed.
local function lapse(task)
  local kind, job = task_parts(task)
  if not kind then
    call('ZREM', P .. 'leases', task)
  elseif call('HINCRBY', P .. 'task:' .. task, 'attempts', 1) < MAX_HOLDERS then
    make_ready(task)
  elseif kind == 'decode' then
    finish(job, 'failed', 'decode_crashed', MAX_HOLDERS .. ' processes in a row ended while they '
      .. 'decoded the video; encode it again, as with `ffmpeg -i IN -c:v libx264 OUT.mp4`')
  else
    local export = string.sub(task, #('export:' .. job .. ':') + 1)
    local said = MAX_HOLDERS .. ' processes in a row ended while they made it; try another format'
    call('HSET', job_key(job, 'exports'), export,
      cjson.encode({state = 'failed', code = 'export_crashed', message = said}))
    drop_task(task)
    emit(job, 'export_ready', {export = export, state = 'failed'})
  end
end

local function lapse_tasks()
  local lapsed = call('ZRANGEBYSCORE', P .. 'leases', '-inf', now_ms, 'LIMIT', 0, SWEEP)
  for _, task in ipairs(lapsed) do lapse(task) end
end

-- The task of a lease that still holds: kind and job.
local function held(task, consumer, fence)
  local key = P .. 'task:' .. task
  local holder, latest = unpack(call('HMGET', key, 'consumer', 'fence'))
  local until_ms = call('ZSCORE', P .. 'leases', task)
  if holder ~= consumer or latest ~= fence or not until_ms or num(until_ms) <= now_ms then
    refuse('LEASE_LOST', 'task ' .. task .. ' is not held by ' .. consumer .. ' any more; drop it')
  end
  return task_parts(task)
end

-- Clips with workers ----------------------------------------------------------------------------

local function fields_of(entry)
  local fields = {}
  for i = 1, #entry, 2 do fields[entry[i]] = entry[i + 1] end
  return fields
end

local function read_entry(model, entry)
  local found = call('XRANGE', queue_key(model), entry, entry)[1]
  return found and fields_of(found[2])
end

-- The entry of a delivery that is still its worker's; nil otherwise.
local function ours(model, worker, lease)
  local entry, count = string.match(lease, '^(.+)/(%d+)$')
  local pending = call('XPENDING', queue_key(model), 'workers', entry, entry, 1)[1]
  if not pending or pending[2] ~= worker or pending[3] >= lease_ms or pending[4] ~= num(count) then
    return nil
  end
  return entry, read_entry(model, entry)
end

local function attempts_of(job, clip)
  local started, alone, last =
    string.match(get(job_key(job, 'attempts'), clip) or '', '^(%d+) (%d+) (.+)$')
  return num(started), num(alone), last
end

local function set_attempts(job, clip, started, alone, last)
  call('HSET', job_key(job, 'attempts'), clip, started .. ' ' .. alone .. ' ' .. last)
end

-- Fail a clip's job, and keep the clip as a dead letter.
local function bury(job, clip, code, message)
  local request = cjson.decode(get(job_key(job, 'clips'), clip))
  local where = 'frames ' .. request.first_frame .. ' to ' .. request.last_frame
    .. ' (clip ' .. clip .. '): ' .. message
  local letter = {v = 1, request = request, attempts = (attempts_of(job, clip)), code = code,
    message = where, at_s = now}
  call('XADD', P .. 'dead', 'MAXLEN', '~', DEAD, '*', 'clip', cjson.encode(letter))
  finish(job, 'failed', code, where)
end

-- Count an attempt, unless this delivery's was counted before.
local function start(fields, lease, is_alone)
  local started, alone, last = attempts_of(fields.job, fields.clip)
  if last == lease then return end
  set_attempts(fields.job, fields.clip, started + 1, alone + (is_alone and 1 or 0), lease)
end

local function is_late(job)
  local deadline = call('ZSCORE', P .. 'deadlines', job)
  return deadline and num(deadline) <= now
end

local function deliver(taken, fields, lease, attempts)
  local body = get(job_key(fields.job, 'clips'), fields.clip)
  taken.windows = taken.windows + fields.windows
  table.insert(taken, {body, lease, attempts, attempts > 0 and 1 or 0, fields.queued, 0})
  taken.latest = fields
end

-- Whether there is room for a clip, or it is the first.
local function fits(taken, fields)
  return #taken == 0 or taken.windows + fields.windows <= taken.room
end

-- Clips whose holder has been silent for a lease.
local function take_lapsed(taken, model, worker)
  local queue = queue_key(model)
  for _, pending in ipairs(call('XPENDING', queue, 'workers', 'IDLE', lease_ms, '-', '+', SWEEP)) do
    local entry, fields = pending[1], read_entry(model, pending[1])
    if not fields then
      call('XACK', queue, 'workers', entry)
    else
      local started, alone = attempts_of(fields.job, fields.clip)
      if started >= MAX_STARTED and alone >= MAX_ALONE then
        bury(fields.job, fields.clip, 'clip_crashed', started .. ' workers in a row ended while '
          .. 'they ran it; leave these frames out with start and end, or report it')
      elseif fits(taken, fields) then
        call('XCLAIM', queue, 'workers', worker, 0, entry)
        deliver(taken, fields, entry .. '/' .. pending[4] + 1, started)
      end
    end
  end
end

local function last_delivered(queue)
  local group = fields_of(call('XINFO', 'GROUPS', queue)[1])
  return group['last-delivered-id']
end

local function take_fresh(taken, model, worker)
  local queue = queue_key(model)
  while true do
    local next_one = call('XRANGE', queue, '(' .. last_delivered(queue), '+', 'COUNT', 1)[1]
    if not next_one then return end
    local fields = fields_of(next_one[2])
    if not fits(taken, fields) then return end
    local started = attempts_of(fields.job, fields.clip)
    call('XREADGROUP', 'GROUP', 'workers', worker, 'COUNT', 1, 'STREAMS', queue, '>')
    deliver(taken, fields, next_one[1] .. '/1', started)
  end
end

local function see_model(model)
  call('SADD', P .. 'models', model)
  call('HSETNX', P .. 'model:' .. model, 'seen', now)
end

local function drop_worker(model, worker)
  local windows = num(get(P .. 'batches:' .. model, worker))
  call('HINCRBY', P .. 'model:' .. model, 'batch', 0 - windows)
  call('HDEL', P .. 'batches:' .. model, worker)
  call('ZREM', P .. 'workers:' .. model, worker)
end

-- Forget a model that nobody serves or asks for.
local function drop_model(model)
  for _, kind in ipairs({'model', 'workers', 'batches', 'queue', 'backlog'}) do
    call('DEL', P .. kind .. ':' .. model)
  end
  call('SREM', P .. 'models', model)
end

-- Vanished workers make no room in the queue; consumers that hold nothing go.
local function sweep_model(model)
  local gone = call('ZRANGEBYSCORE', P .. 'workers:' .. model, '-inf', now_ms)
  for _, worker in ipairs(gone) do drop_worker(model, worker) end
  local queue = queue_key(model)
  for _, raw in ipairs(call('XINFO', 'CONSUMERS', queue, 'workers')) do
    local consumer = fields_of(raw)
    if consumer.pending == 0 and not call('ZSCORE', P .. 'workers:' .. model, consumer.name) then
      call('XGROUP', 'DELCONSUMER', queue, 'workers', consumer.name)
    end
  end
  refill(model)
  local seen, batch, waiting, admitted =
    unpack(call('HMGET', P .. 'model:' .. model, 'seen', 'batch', 'waiting', 'admitted'))
  local unused = num(batch) + num(waiting) + num(admitted) == 0
  if unused and num(seen) + config.retention < now then drop_model(model) end
end

-- What can be called ----------------------------------------------------------------------------

local api = {}

-- Admission -------------------------------------------------------------------------------------

-- What is promised, as {second, gpu_ms} in order; what was promised for long ago is forgotten.
local function promises(line)
  local found, flat = {}, call('HGETALL', line)
  for i = 1, #flat, 2 do
    local second = num(flat[i])
    if second + GRACE < now then
      call('HDEL', line, flat[i])
    else
      table.insert(found, {second, num(flat[i + 1])})
    end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  return found
end

local function live_workers()
  local count = 0
  for _, model in ipairs(call('SMEMBERS', P .. 'models')) do
    count = count + call('ZCOUNT', P .. 'workers:' .. model, now_ms, '+inf')
  end
  return count
end

local function drain_rate(key)
  local drained, busy = drain_of(key)
  if num(get(key, 'drains')) < FEW or busy <= 0 then return PRIOR * math.max(live_workers(), 1) end
  return math.max(drained / busy, 1)
end

-- How many gpu_ms too many there are for a request now: none where it is 0 or less.
-- `own` is the time of its ticket, which goes before later ones; without one it breaks no promise.
local function excess(key, line, limit, gpu_ms, own)
  local held = num(get(key, 'gpu_ms'))
  if held == 0 then return 0, 0 end
  local ahead, worst = held + gpu_ms - limit, held + gpu_ms - limit
  local rate = nil
  for _, promise in ipairs(promises(line)) do
    if own and promise[1] >= math.floor(own) then break end
    ahead = ahead + promise[2]
    if promise[1] > now and not own then rate = rate or drain_rate(key) end
    worst = math.max(worst, ahead - math.max(promise[1] - now, 0) * (rate or 0))
  end
  if not own then return worst, ahead end
  local is_due = own > 0 and own <= now + EARLY
  return ahead - (is_due and OVERDRAFT * limit or 0), ahead
end

local function promise(line, at, gpu_ms)
  call('HINCRBY', line, math.floor(at), gpu_ms)
  call('EXPIRE', line, LONGEST + 60)
end

-- A visitor's ticket whose time has come, or, of one that is named, any: its time and its name.
local function find_ticket(visitor, is_named)
  local key = P .. 'tickets:' .. visitor
  call('ZREMRANGEBYSCORE', key, '-inf', now - GRACE - 1)
  local last = is_named == '1' and '+inf' or now + EARLY
  local ticket, at = unpack(call('ZRANGEBYSCORE', key, '-inf', last, 'WITHSCORES', 'LIMIT', 0, 1))
  if ticket then return num(at), ticket end
end

local function drop_ticket(visitor, tenant, at, ticket)
  call('ZREM', P .. 'tickets:' .. visitor, ticket)
  for _, line in ipairs({P .. 'line', P .. 'line:' .. tenant}) do
    promise(line, at, -num(string.match(ticket, '%d+$')))
  end
end

-- How long to wait until so much has drained, in whole seconds.
local function wait_s(key, too_many)
  return math.min(math.max(math.ceil(MARGIN * too_many / drain_rate(key)), 1), LONGEST)
end

local function refuse_for_now(key, code, who, limit, retry)
  refuse('OVER_CAPACITY', string.format('%s %d %s %.0f s of network time waiting, expected at '
    .. 'most %.0f s; try again in %d s', code, retry, who, num(get(key, 'gpu_ms')) / 1000,
    limit / 1000, retry))
end

local function give_ticket(visitor, tenant, gpu_ms, retry)
  if retry >= LONGEST then return end
  local key, at = P .. 'tickets:' .. visitor, now + retry
  call('ZADD', key, at, now_us .. ' ' .. gpu_ms)
  call('EXPIRE', key, LONGEST + 60)
  promise(P .. 'line', at, gpu_ms)
  promise(P .. 'line:' .. tenant, at, gpu_ms)
end

-- Return if a request may come in; else refuse it with the time when it may. A tenant that has
-- nothing waiting need not stand in the line of all, so that nobody is kept out by another's visits.
local function let_in(tenant, gpu_ms, total, of_tenant, visitor, is_named)
  local own, ticket = find_ticket(visitor, is_named)
  local retry, code, who, key, limit = 0, nil, nil, nil, nil
  local is_idle = num(get(P .. 'tenant:' .. tenant, 'gpu_ms')) == 0
  local function look(scope, line, most, name, words, place)
    local over, ahead = excess(scope, line, most, gpu_ms, place)
    if over <= 0 then return end
    local seconds = wait_s(scope, math.max(ahead, over))
    if seconds > retry then retry, code, who, key, limit = seconds, name, words, scope, most end
  end
  look(P .. 'tenant:' .. tenant, P .. 'line:' .. tenant, of_tenant, 'tenant_over_limit', 'you have',
    own)
  look(P .. 'load', P .. 'line', total, 'service_over_limit', 'the service has',
    own or is_idle and 0 or nil)
  local is_early = own and own > now + EARLY
  if own and not (is_early and retry > 0) then drop_ticket(visitor, tenant, own, ticket) end
  if retry == 0 then return end
  if is_early then
    retry = math.max(math.ceil(own - now), 1)
  else
    give_ticket(visitor, tenant, gpu_ms, retry)
  end
  refuse_for_now(key, code, who, limit, retry)
end

-- The job that an idempotency key names already.
local function same_request(tenant, name, digest)
  local earlier = name ~= '' and call('GET', P .. 'key:' .. tenant .. ':' .. name)
  if not earlier or call('EXISTS', job_key(earlier)) == 0 then return nil end
  if get(job_key(earlier), 'digest') ~= digest then
    refuse('IDEMPOTENCY_CONFLICT', 'the idempotency key was used for another request, job '
      .. earlier .. '; expected the same options and body; use a new key')
  end
  return earlier
end

local function record(job, body, tenant, model, name, digest, state)
  call('HSET', job_key(job), 'body', body, 'tenant', tenant, 'model', model, 'digest', digest,
    'key', name)
  set_state(job, state)
  call('ZADD', P .. 'jobs:' .. tenant, 0, job)
  if name ~= '' then call('SET', P .. 'key:' .. tenant .. ':' .. name, job) end
end

function api.submit(job, body, tenant, model, name, digest, created, deadline, gpu_ms, seq, total,
    of_tenant, visitor, is_named)
  if call('EXISTS', job_key(job)) == 1 then return {job, 1} end
  local earlier = same_request(tenant, name, digest)
  if earlier then
    withdraw(job)
    return {earlier, 0}
  end
  local is_admitted = call('EXISTS', P .. 'upload:' .. job) == 1
  if total ~= '' and not is_admitted then
    let_in(tenant, num(gpu_ms), num(total), num(of_tenant), visitor, is_named)
  end
  see_model(model)
  record(job, body, tenant, model, name, digest, 'queued')
  call('HSET', job_key(job), 'seq', seq)
  call('ZADD', P .. 'live', created, job)
  if deadline ~= '' then call('ZADD', P .. 'deadlines', deadline, job) end
  count_live(tenant, 1)
  if is_admitted then
    call('HSET', job_key(job), 'held_ms', (end_hold(job)))
    reserve(job, num(gpu_ms))
  else
    call('HSET', job_key(job), 'gpu_ms', gpu_ms, 'held_ms', gpu_ms)
    change_both(tenant, num(gpu_ms), false)
  end
  emit(job, 'accepted', {model = model})
  add_task('decode:' .. job, 'decode', job, '')
  return {job, 1}
end

-- Reserve for a video before it is read; the reservation lapses unless it is kept.
function api.admit(job, tenant, name, gpu_ms, total, of_tenant, visitor, is_named, ttl_ms)
  local key = P .. 'upload:' .. job
  if call('EXISTS', key) == 0 then
    if name ~= '' and call('EXISTS', P .. 'key:' .. tenant .. ':' .. name) == 1 then
      gpu_ms = 0  -- the same request came before, so it makes no work
    else
      let_in(tenant, num(gpu_ms), num(total), num(of_tenant), visitor, is_named)
    end
    call('HSET', key, 'tenant', tenant, 'held_ms', gpu_ms)
    count_live(tenant, 1)
    change_both(tenant, num(gpu_ms), false)
  end
  call('ZADD', P .. 'uploads', now_ms + ttl_ms, job)
end

function api.keep(job, ttl_ms)
  return call('ZADD', P .. 'uploads', 'XX', 'CH', now_ms + ttl_ms, job)
end

function api.withdraw(job)
  withdraw(job)
end

-- Lower the estimate of a job whose whole video is there; a decoder that was faster knows better.
function api.lower(job, gpu_ms)
  local held, decoded = unpack(call('HMGET', job_key(job), 'gpu_ms', 'decoded'))
  if is_live(job) and not decoded and num(gpu_ms) < num(held) then reserve(job, num(gpu_ms)) end
end

-- Tell of a job that has ended, also where it is live because just its end was lost.
function api.restore(job, body, tenant, model, name, digest, done_json, seq)
  local done = cjson.decode(done_json)
  local code, message = done.code or '', done.message or ''
  if finish(job, done.state, code, message) then
    call('SREM', P .. 'unarchived', job)
  elseif call('EXISTS', job_key(job)) == 1 then
    return 0
  else
    record(job, body, tenant, model, name, digest, done.state)
    call('HSET', job_key(job), 'code', code, 'message', message, 'seq', seq)
    tell_end(job, done.state, code, message)
  end
  local clips = 0
  for clip, path in pairs(done.results) do
    call('HSET', job_key(job, 'results'), clip, path)
    clips = clips + 1
  end
  call('HSET', job_key(job), 'finished', done.finished_s, 'decoded', 1, 'clips', clips,
    'committed', clips, 'frames', done.frame_count, 'people', done.people)
  if done.erased then call('HSET', job_key(job), 'erased', 1) end
  call('ZADD', P .. 'over', done.finished_s + config.retention, job)
  return 1
end

function api.status(job)
  return status_of(job)
end

function api.list_jobs(tenant, limit, before)
  local last = before == '' and '+' or '(' .. before
  return call('ZREVRANGEBYLEX', P .. 'jobs:' .. tenant, last, '-', 'LIMIT', 0, limit)
end

function api.finish(job, state, code, message)
  return finish(job, state, code, message) and 1 or 0
end

function api.erase(job)
  if call('EXISTS', job_key(job)) == 0 then return 0 end
  finish(job, 'cancelled', 'job_deleted', 'deleted on request')
  for _, export in ipairs(call('HKEYS', job_key(job, 'exports'))) do
    drop_task('export:' .. job .. ':' .. export)
  end
  for _, part in ipairs({'results', 'events', 'exports'}) do call('UNLINK', job_key(job, part)) end
  call('HSET', job_key(job), 'erased', 1)
  call('SADD', P .. 'unarchived', job)
  touch(job)
  return 1
end

function api.watch(job, watcher, ttl_ms)
  if call('EXISTS', job_key(job)) == 0 then return 0 end
  call('ZADD', job_key(job, 'watchers'), now_ms + ttl_ms, watcher)
  return 1
end

function api.unwatch(job, watcher)
  call('ZREM', job_key(job, 'watchers'), watcher)
  call('ZREMRANGEBYSCORE', job_key(job, 'watchers'), '-inf', now_ms)
  return call('ZCARD', job_key(job, 'watchers'))
end

function api.request_export(job, export, body)
  local state, erased = unpack(call('HMGET', job_key(job), 'state', 'erased'))
  if not state or erased then
    refuse('UNKNOWN_JOB', 'there is no job ' .. job .. '; `GET /v1/jobs` lists them')
  elseif state ~= 'succeeded' then
    refuse('NOT_READY', 'job ' .. job .. ' is ' .. state .. ', expected succeeded; wait for it')
  end
  local key = job_key(job, 'exports')
  local known = get(key, export)
  if known and cjson.decode(known).state ~= 'failed' then return known end
  call('HSET', key, export, '{"state":"pending"}')
  add_task('export:' .. job .. ':' .. export, 'export', job, body)
  return get(key, export)
end

function api.due_hooks(most)
  local found = {}
  for _, job in ipairs(call('ZRANGEBYSCORE', P .. 'hooks', '-inf', now_ms, 'LIMIT', 0, most)) do
    call('ZADD', P .. 'hooks', now_ms + HOOK_LEASE, job)
    table.insert(found, {job, call('HINCRBY', job_key(job), 'hook_tries', 1)})
  end
  return found
end

function api.hook_done(job)
  call('ZREM', P .. 'hooks', job)
end

function api.hook_later(job, delay_ms, was_tried)
  if not call('ZSCORE', P .. 'hooks', job) then return end
  call('ZADD', P .. 'hooks', now_ms + delay_ms, job)
  if num(was_tried) == 0 then call('HINCRBY', job_key(job), 'hook_tries', -1) end
end

function api.models()
  local found = {}
  for _, model in ipairs(call('SMEMBERS', P .. 'models')) do
    local key = P .. 'model:' .. model
    local seen, batch, waiting, admitted =
      unpack(call('HMGET', key, 'seen', 'batch', 'waiting', 'admitted'))
    local oldest = call('XRANGE', queue_key(model), '-', '+', 'COUNT', 1)[1]
    local workers = call('ZCOUNT', P .. 'workers:' .. model, now_ms, '+inf')
    table.insert(found, {model, workers, num(batch), seen, num(waiting), num(admitted),
      oldest and fields_of(oldest[2]).queued or '', tostring(rate(key))})
  end
  return found
end

function api.census()
  local tasks = {}
  for _, kind in ipairs({'decode', 'export'}) do
    local ready = 0
    for _, tenant in ipairs(call('ZRANGE', P .. 'turns:' .. kind, 0, -1)) do
      ready = ready + call('ZCARD', P .. 'ready:' .. kind .. ':' .. tenant)
    end
    table.insert(tasks, ready)
  end
  return {tostring(now), call('HGETALL', P .. 'states'), num(get(P .. 'load', 'gpu_ms')), tasks,
    call('XLEN', P .. 'dead')}
end

function api.lead(name, for_ms)
  local leader = call('GET', P .. 'lead')
  if leader and leader ~= name then return 0 end
  call('SET', P .. 'lead', name, 'PX', for_ms)
  return 1
end

function api.mark(word)
  call('SET', P .. 'mark', word, 'NX')
  return call('GET', P .. 'mark')
end

function api.tick()
  for _, job in ipairs(call('ZRANGEBYSCORE', P .. 'deadlines', '-inf', now, 'LIMIT', 0, SWEEP)) do
    finish(job, 'failed', 'deadline_exceeded', 'the deadline passed before the job was done')
  end
  lapse_tasks()
  lapse_holds()
  for _, model in ipairs(call('SMEMBERS', P .. 'models')) do sweep_model(model) end
  local old = call('ZRANGEBYSCORE', P .. 'over', '-inf', now, 'LIMIT', 0, SWEEP)
  for _, job in ipairs(old) do forget(job) end
end

-- For the media role.

local function next_task(kind)
  local turns = P .. 'turns:' .. kind
  local tenant = call('ZRANGE', turns, 0, 0)[1]
  if not tenant then return nil end
  local task = call('ZRANGE', P .. 'ready:' .. kind .. ':' .. tenant, 0, 0)[1]
  call('SET', P .. 'clock:' .. kind, call('ZSCORE', turns, tenant))
  call('HSET', P .. 'tenant:' .. tenant, 'v:' .. kind, call('ZINCRBY', turns, 1, tenant))
  take_from_ready(kind, tenant, task)
  return task
end

function api.claim_task(consumer, ...)
  lapse_tasks()
  for _, kind in ipairs({...}) do
    local task = next_task(kind)
    if task then
      local key = P .. 'task:' .. task
      call('HSET', key, 'consumer', consumer, 'fence', now_us)
      call('ZADD', P .. 'leases', now_ms + lease_ms, task)
      local job, body, attempts = unpack(call('HMGET', key, 'job', 'body', 'attempts'))
      if get(job_key(job), 'state') == 'queued' then
        set_state(job, 'running')
        call('HSET', job_key(job), 'started', now)
      end
      local sealed = call('HLEN', job_key(job, 'clips')) + call('HLEN', job_key(job, 'results'))
      return {task, now_us, kind, get(job_key(job), 'body'), attempts, sealed, body}
    end
  end
  return {}
end

function api.renew_task(task, consumer, fence)
  held(task, consumer, fence)
  call('ZADD', P .. 'leases', now_ms + lease_ms, task)
end

function api.seal(task, consumer, fence, clip, windows, body, track, frame)
  local _, job = held(task, consumer, fence)
  local key = job_key(job)
  if track and call('SADD', key .. ':people', track) == 1 then
    emit(job, 'person_found', {track = num(track), frame = num(frame)})
  end
  if call('HEXISTS', key .. ':clips', clip) == 1 or call('HEXISTS', key .. ':results', clip) == 1 then
    return 0
  end
  local tenant, model = unpack(call('HMGET', key, 'tenant', 'model'))
  call('HSET', key .. ':clips', clip, body)
  call('RPUSH', key .. ':pending', windows .. ' ' .. clip)
  call('HINCRBY', key, 'clips', 1)
  call('HINCRBY', key, 'windows', windows)
  call('HINCRBY', key, 'waiting', windows)
  call('HINCRBY', P .. 'model:' .. model, 'waiting', windows)
  call('HSET', P .. 'task:' .. task, 'attempts', 0)
  join_backlog(job, tenant, model)
  refill(model)
  return 1
end

function api.has_clip(job, clip)
  local key = job_key(job)
  return math.max(call('HEXISTS', key .. ':clips', clip), call('HEXISTS', key .. ':results', clip))
end

function api.unprocessed_windows(job)
  local sealed, committed = unpack(call('HMGET', job_key(job), 'windows', 'committed_windows'))
  return num(sealed) - num(committed)
end

function api.progress(task, consumer, fence, kind, data_json)
  local _, job = held(task, consumer, fence)
  local key, data = job_key(job), cjson.decode(data_json)
  if kind == 'decoding' then
    if data.frames > num(get(key, 'frames')) then
      call('HSET', P .. 'task:' .. task, 'attempts', 0)
      call('HSET', key, 'frames', data.frames)
    end
    if data.expected then call('HSET', key, 'expected', data.expected) end
  end
  local done, expected = data.frames or data.done, data.expected
  emit_progress(job, kind, data.stage or '', data, done ~= nil and done == expected)
end

function api.reserve(task, consumer, fence, gpu_ms)
  local _, job = held(task, consumer, fence)
  reserve(job, num(gpu_ms))
end

function api.decoded(task, consumer, fence, frames, people, clips, gpu_ms)
  local _, job = held(task, consumer, fence)
  if num(get(job_key(job), 'clips')) < num(clips) then
    make_ready(task)
    return get(job_key(job), 'state')
  end
  call('HSET', job_key(job), 'decoded', 1, 'frames', frames, 'people', people)
  if gpu_ms ~= '' then reserve(job, num(gpu_ms)) end
  drop_task(task)
  touch(job)
  settle(job)
  return get(job_key(job), 'state')
end

local function end_export(task, job, state)
  local export = string.sub(task, #('export:' .. job .. ':') + 1)
  call('HSET', job_key(job, 'exports'), export, cjson.encode(state))
  drop_task(task)
  emit(job, 'export_ready', {export = export, state = state.state})
end

function api.export_done(task, consumer, fence, path, size)
  local _, job = held(task, consumer, fence)
  end_export(task, job, {state = 'ready', path = path, size_bytes = num(size)})
end

function api.fail(task, consumer, fence, code, message)
  local kind, job = held(task, consumer, fence)
  if kind == 'decode' then
    finish(job, 'failed', code, message)
  else
    end_export(task, job, {state = 'failed', code = code, message = message})
  end
end

function api.release(task, consumer, fence, later)
  held(task, consumer, fence)
  if later == '1' then call('HSET', P .. 'task:' .. task, 'ready', now) end
  make_ready(task)
end

function api.vanished(task, consumer, fence)
  held(task, consumer, fence)
  lapse(task)
end

-- For the workers.

function api.announce(worker, model, windows)
  see_model(model)
  local before = num(get(P .. 'batches:' .. model, worker))
  call('HSET', P .. 'model:' .. model, 'seen', now)
  call('ZADD', P .. 'workers:' .. model, now_ms + 2 * lease_ms, worker)
  call('HSET', P .. 'batches:' .. model, worker, windows)
  call('HINCRBY', P .. 'model:' .. model, 'batch', windows - before)
  refill(model)
end

function api.retire(worker, model)
  drop_worker(model, worker)
end

-- Where the worker is idle and there is one new clip, its attempt is counted here, and not by a call
-- of `started`. Should the reply be lost, or the worker end while it reads the clip, that is one too many.
function api.take(worker, model, room, is_idle)
  local taken = {windows = 0, room = num(room)}
  take_lapsed(taken, model, worker)
  take_fresh(taken, model, worker)
  local only = #taken == 1 and taken[1]
  if is_idle == '1' and only and only[3] == 0 and not is_late(taken.latest.job) then
    start(taken.latest, only[2], true)
    only[6] = 1
  end
  return {taken, last_delivered(queue_key(model))}
end

function api.started(worker, model, ...)
  local running, leases = {}, {...}
  for i, lease in ipairs(leases) do
    local _, fields = ours(model, worker, lease)
    if fields then
      if is_late(fields.job) then
        finish(fields.job, 'failed', 'deadline_exceeded',
          'the deadline passed before the job was done')
      else
        start(fields, lease, #leases == 1)
        table.insert(running, i - 1)
      end
    end
  end
  return running
end

function api.renew(worker, model, ...)
  local kept = {}
  for i, lease in ipairs({...}) do
    local entry = ours(model, worker, lease)
    if entry then
      call('XCLAIM', queue_key(model), 'workers', worker, 0, entry, 'JUSTID')
      table.insert(kept, i - 1)
    end
  end
  return kept
end

function api.commit(worker, model, lease, job, clip, path, frames)
  local entry, fields = ours(model, worker, lease)
  local key = job_key(job)
  if not fields then
    return get(key .. ':results', clip) == path and 1 or 0
  end
  local body = get(key .. ':clips', clip)
  local number = body and num(cjson.decode(body).number) or 0
  remove_entry(model, entry, fields.windows)
  for _, part in ipairs({'clips', 'admitted', 'attempts'}) do call('HDEL', job_key(job, part), clip) end
  call('HSET', key .. ':results', clip, path)
  call('HINCRBY', key, 'committed', 1)
  call('HINCRBY', key, 'committed_windows', fields.windows)
  add_to_rate(P .. 'model:' .. model, fields.windows)
  reserve(job, num(get(key, 'gpu_ms')))
  emit(job, 'clip_committed', {clip = clip, number = number, frames = num(frames), path = path})
  settle(job)
  refill(model)
  return 1
end

function api.give_back(worker, model, ...)
  local returned = 0
  for _, lease in ipairs({...}) do
    local entry, fields = ours(model, worker, lease)
    if fields then
      local started, alone, last = attempts_of(fields.job, fields.clip)
      if last == lease then
        set_attempts(fields.job, fields.clip, started - 1, math.max(alone - 1, 0), '-')
      end
      call('XACK', queue_key(model), 'workers', entry)
      call('XDEL', queue_key(model), entry)
      enqueue(model, fields.job, fields.clip, fields.windows, fields.queued)
      returned = returned + 1
    end
  end
  return returned
end

function api.fail_clip(worker, model, lease, code, message)
  local _, fields = ours(model, worker, lease)
  if not fields then return 0 end
  bury(fields.job, fields.clip, code, message)
  return 1
end

function api.input_lost(worker, model, lease)
  local entry, fields = ours(model, worker, lease)
  if not fields then return 0 end
  local key, task = job_key(fields.job), 'decode:' .. fields.job
  remove_entry(model, entry, fields.windows)
  for _, part in ipairs({'clips', 'admitted', 'attempts'}) do
    call('HDEL', job_key(fields.job, part), fields.clip)
  end
  call('HINCRBY', key, 'clips', -1)
  call('HINCRBY', key, 'windows', -fields.windows)
  call('HDEL', key, 'decoded')
  if call('EXISTS', P .. 'task:' .. task) == 0 then add_task(task, 'decode', fields.job, '') end
  refill(model)
  return 1
end

-- Dispatch --------------------------------------------------------------------------------------

local ok, reply = pcall(api[ARGV[1]], unpack(ARGV, 3))
if not ok then
  if type(reply) == 'table' and reply[1] then return redis.error_reply(reply[1]) end
  error(reply)
end
for job in pairs(changed) do
  local state = get(job_key(job), 'state') or ''
  local status = OVER[state] and ' ' .. cjson.encode(status_of(job)) or ''
  call('PUBLISH', P .. 'notify', job .. ' ' .. state .. status)
end
return reply
