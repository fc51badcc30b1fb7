# One sentence for every fact of the engine. Numbers come from the fact; nothing here may add one.
# Where it happened is shown beside the sentence, so { $node } is not repeated in it.

fact-commanded = { $command }

fact-sent = sent { $api } { $kind ->
    [response] answer
   *[request] request
} to { $to } { $gist }
fact-delivered = got { $api } { $kind ->
    [response] answer
   *[request] request
} from { $from } { $gist }
fact-lost-cut = { $api } from { $from } to { $to } was lost: the link is cut
fact-lost-crash = { $api } from { $from } to { $to } was lost with its connection
fact-lost-down = { $api } from { $from } found nobody at { $to }
fact-lost-reset = { $api } from { $from } was for a process at { $to } that is no more: its connection died with it
fact-lost-dropped = { $api } from { $from } to { $to } was dropped by hand
fact-held = { $api } from { $from } to { $to } is held on the link
fact-released = A message from { $from } to { $to } sets out again
fact-started = started
fact-crashed = crashed
fact-power-lost = lost power
fact-paused = paused
fact-resumed = resumed
fact-disconnected = lost its connection to { $peer }
fact-link-cut = Link from { $from } to { $to } was cut
fact-link-repaired = Link from { $from } to { $to } was repaired
fact-link-held = Link from { $from } to { $to } is held
fact-link-released = Link from { $from } to { $to } was released
fact-latency-set = Link from { $from } to { $to } now takes { $latency }

fact-registered = registered with the controller, broker epoch { $epoch }
fact-registration-refused = was refused by the controller: { $error }
fact-unfenced = may serve
fact-fenced = is fenced
fact-became-leader = leads { $partition } in epoch { $epoch }, from offset { $end }
fact-became-follower = follows broker { $leader } for { $partition }, epoch { $epoch }
fact-without-leader = { $partition } has no leader, epoch { $epoch }
fact-appended = appended { $offsets } to { $partition } for { $from }
fact-copied = copied { $offsets } of { $partition } from { $from }
fact-duplicate-batch = { $partition }: the batch of { $client } with sequence { $sequence } (producer id { $id }) stands in the log already, at { $offsets }. Nothing is written; the answer is as the first time
fact-sequence-refused = refused a batch of { $client } for { $partition }: { $error }. Sequence { $expected } of producer id { $id } comes next, this one begins with { $sequence }
fact-sequence-new-epoch = refused a batch of { $client } for { $partition }: { $error }. Epoch { $epoch } of producer id { $id } is new here and must begin with sequence 0, this one begins with { $sequence }
fact-sequence-epoch = refused a batch of { $client } for { $partition }: { $error }. Producer id { $id } is at epoch { $current } here, the batch is of epoch { $epoch }
fact-sequence-unknown = refused a batch of { $client } for { $partition }: { $error }. Nothing is known of producer id { $id }, and the batch begins with sequence { $sequence }
fact-producers-loaded = { $partition }: read what is known of { $producers } producers from the snapshot at { $snapshot } and the batches behind it. { $batches } batches would be recognised as duplicates: a snapshot keeps one per producer
fact-producers-read = { $partition }: read what is known of { $producers } producers from the log. { $batches } batches would be recognised as duplicates
fact-producer-expired = { $partition }: forgot producer id { $id }: it has written nothing for producer.id.expiration.ms
fact-ids-leased = leased producer ids { $first }–{ $last }
fact-ids-allocated = leased producer ids { $first }–{ $last } to broker { $broker }
fact-id-given = gave { $client } producer id { $id }
fact-append-refused = refused a batch for { $partition }: { $error }. In sync: { $isr }, min.insync.replicas { $min }
fact-follower-reached = { $partition }: broker { $follower } has everything before { $end }
fact-hw-heard = { $partition }: heard that the high watermark is { $hw }
fact-hw-moved = { $partition }: high watermark { $hw }, was { $before }. Log ends in sync: { $ends }
fact-truncated = cut { $partition } back to { $to }. { $records ->
    [one] 1 record is gone
   *[other] { $records } records are gone
}
fact-isr-proposed = asks for ISR { $isr } on { $partition }, was { $before }
fact-isr-committed = { $partition }: ISR is { $isr }
fact-isr-refused = { $partition }: another ISR was refused: { $error }
fact-produce-parked = { $partition }: { $client } waits until the high watermark is { $until }
fact-produce-acked = { $partition }: acknowledged offset { $offset } to { $client }, acks={ $acks }
fact-produce-refused = { $partition }: answered { $client } with { $error }
fact-fetch-parked = { $partition }: { $fetcher } waits for records from { $offset }
fact-fetch-refused = { $partition }: refused { $fetcher } at offset { $offset }: { $error }
fact-fetch-session-opened = opened fetch session { $session } for { $fetcher } over { $partitions ->
        [one] { $partitions } partition
       *[other] { $partitions } partitions
    }: from now on requests and answers tell only what is new
fact-fetch-session-denied = no fetch session for { $fetcher }: all { $slots } slots are taken. It goes on listing every partition
fact-fetch-session-evicted = ended { $fetcher }’s fetch session { $session } to make room for { $newcomer }
fact-fetch-session-closed = { $fetcher }’s fetch session { $session } has ended
fact-fetch-session-refused = refused { $fetcher }’s fetch in session { $session }: { $error }. It has to list every partition again

fact-broker-registered = registered broker { $broker }, broker epoch { $epoch }. It is fenced until it has caught up
fact-broker-refused = refused broker { $broker }: { $error }
fact-broker-unfenced = unfenced broker { $broker }: it may lead
fact-broker-fenced-session = fenced broker { $broker }: no heartbeat within its session
fact-broker-fenced-asked = fenced broker { $broker }, which asked for it
fact-broker-fenced-again = fenced broker { $broker }: it registered again as a new process
fact-topic-created = created topic { $topic }: { $partitions } partitions, replication factor { $factor }
fact-topic-refused = refused topic { $topic }: { $reason }
fact-topic-deleted = deleted topic { $topic }
fact-partitions-added = added { $added } partitions to topic { $topic }: it has { $count } now. Keys may go to other partitions than before
fact-leader-elected = { $partition }: leader { $leader }, epoch { $epoch }, ISR { $isr }. The old leader is fenced
fact-leader-returned = { $partition }: leader { $leader }, epoch { $epoch }, ISR { $isr }. A replica that may lead is back
fact-leader-unclean = { $partition }: unclean leader { $leader }, epoch { $epoch }. What it lacks is lost
fact-leader-preferred = { $partition }: preferred leader { $leader }, epoch { $epoch }
fact-no-leader = { $partition }: no leader. Last in sync: { $isr }
fact-isr-shrank = { $partition }: ISR shrank from { $before } to { $isr }
fact-isr-grew = { $partition }: ISR grew from { $before } to { $isr }
fact-metadata-committed = metadata records { $offsets } are durable

fact-coordinator-loaded = read { $log }: { $groups } groups, { $offsets } committed offsets
fact-coordinator-unloaded = no longer coordinates the groups of { $log }
fact-member-id = { $group }: gave { $client } a member id
fact-member-joined = { $group }: { $client } joined
fact-member-left = { $group }: { $member } left
fact-member-expired = { $group }: { $member } is out: no heartbeat within session.timeout.ms
fact-member-no-rejoin = { $group }: { $member } is out: it did not rejoin in time
fact-member-no-sync = { $group }: { $member } is out: it did not sync in time
fact-group-state = { $group }: { $state }, was { $before }
fact-generation = { $group }: generation { $generation } with { $members ->
    [one] 1 member
   *[other] { $members } members
}
fact-assigned = { $group }, generation { $generation }: { $assignment }
fact-offset-committed = { $group }: committed { $partition } at { $offset }
fact-group-refused = { $group }: answered { $client } with { $error }

fact-queued-key = sent a record with key { $key }: it goes to { $partition }
fact-queued = sent a record without a key: it goes to { $partition }
fact-awaits-metadata = waits until it knows topic { $topic }
fact-batch-sent = { $partition }: batch of { $records ->
    [one] 1 record
   *[other] { $records } records
} to broker { $broker }
fact-batch-sent-again = { $partition }: batch of { $records ->
    [one] 1 record
   *[other] { $records } records
} to broker { $broker } again, retry { $attempt }
fact-batch-acked = { $partition }: has the ack for { $offsets }
fact-batch-assumed = { $partition }: { $records } sent with acks=0, nobody will say whether they arrived
fact-batch-retried = { $partition }: { $error }, will try again
fact-batch-expired = { $partition }: gave up on { $records } after delivery.timeout.ms
fact-producer-id-set = has producer id { $id }, epoch { $epoch }. Every batch will carry them, and a sequence number
fact-producer-id-reset = gives up producer id { $id } and asks for another
fact-epoch-bumped = { $partitions }: a sequence number will never be filled. Raises its epoch to { $epoch } (producer id { $id }); { $batches } batches in flight begin anew with sequence 0
fact-sequences-rewritten = { $partition }: { $batches } batches in flight take other sequence numbers, from { $sequence } on
fact-sequence-unresolved = { $partition }: whether the leader has the expired batch is not known. No new batch leaves before those in flight have told; { $sequence } is the first sequence after it
fact-batch-dropped = { $partition }: dropped { $records } records: their producer id was given up
fact-batch-failed = { $partition }: gave up on { $records }: { $error }
fact-metadata-updated = has fresh metadata
fact-request-timed-out = broker { $broker } did not answer in time
fact-workload-done = has sent all of its { $records } records

fact-coordinator-found = { $group }: the coordinator is broker { $broker }
fact-coordinator-lost = { $group }: lost its coordinator
fact-join-requested = asks to join { $group }
fact-joined = is in { $group }, generation { $generation }
fact-joined-leads = is in { $group }, generation { $generation }, and computes the assignment
fact-assigned-none = was assigned no partition and idles
fact-partitions-assigned = reads { $partitions }
fact-partitions-kept = keeps { $partitions }
fact-partitions-added = reads { $partitions }; new is { $added }
fact-partitions-revoked = gives up { $partitions }
fact-partitions-lost = lost { $partitions }, and can commit nothing for them
fact-position-committed = { $partition }: starts at the committed offset { $position }
fact-position-earliest = { $partition }: no committed offset, auto.offset.reset=earliest, starts at { $position }
fact-position-latest = { $partition }: no committed offset, auto.offset.reset=latest, starts at { $position }
fact-position-out-of-range = { $partition }: its position is outside the log, starts at { $position }
fact-position-seek = { $partition }: goes to { $position }
fact-polled = { $partition }: poll() returned { $offsets }
fact-processed = { $partition }: processed offset { $offset }
fact-commit-sent = commits { $offsets }
fact-committed = committed { $offsets }
fact-commit-failed = its commit failed: { $error }
fact-poll-interval = took longer than max.poll.interval.ms and left the group
fact-fetch-failed = { $partition }: fetch failed: { $error }
fact-closed = closed

fact-admin-topic-created = topic { $topic } is created
fact-admin-topic-refused = topic { $topic } was refused: { $reason }
fact-admin-topic-deleted = topic { $topic } is deleted: nobody finds it any more
fact-admin-partitions = topic { $topic } has { $count } partitions now
fact-admin-topic-change-refused = topic { $topic } stays as it is: { $reason }
fact-admin-reset = { $group }: offsets reset to { $offsets }
fact-admin-reset-refused = { $group }: reset refused: { $error }

fact-queue-enqueued = message { $message } is ready
fact-queue-delivered = message { $message } went to { $to }
fact-queue-delivered-again = message { $message } went to { $to }, delivery { $deliveries }
fact-queue-removed = message { $message } was acknowledged by { $by } and is gone
fact-queue-nacked = message { $message } came back: the worker refused it
fact-queue-timed-out = message { $message } came back: no ack within the visibility timeout
fact-queue-worker-lost = message { $message } came back: its worker is gone
fact-queue-dead = message { $message } is a dead letter after { $deliveries } deliveries
fact-queue-subscribed = { $worker } takes messages
fact-queue-worker-gone = { $worker } takes no more messages
fact-queue-published = published message { $message }
fact-queue-confirmed = message { $message } is confirmed
fact-queue-publish-lost = message { $message } was not confirmed
fact-queue-received = works on message { $message }
fact-queue-processed = finished message { $message }
fact-queue-failed = failed on message { $message }

fact-awaits-memory = waits: buffer.memory is used up
fact-send-failed-metadata = send() failed: the topic was not known within max.block.ms
fact-send-failed = send() failed: { $error }
fact-send-failed-memory = send() failed: no memory came free within max.block.ms
fact-send-failed-size = send() failed: the record has { $bytes } bytes, more than max.request.size allows
fact-batch-split = { $partition }: the batch was too large and is sent in { $parts } parts
fact-admin-no-offset = { $group }: { $partition } has no committed offset to shift
fact-queue-restarted = message { $message } is ready again: the broker was restarted
fact-queue-too-late = an answer from { $by } came too late and changes nothing
fact-queue-in-doubt = message { $message } may or may not have arrived: it will be published again
fact-topic-configured = topic { $topic }: { $changes }
fact-broker-configured = dynamic configuration of broker { $broker }: { $changes }
fact-brokers-configured = dynamic configuration of all brokers: { $changes }
fact-reconfigured = now in effect: { $changes }
fact-no-offset = { $partition }: no committed offset and auto.offset.reset=none: the application ends
fact-segment-rolled = { $partition }: a new segment begins at { $base }
fact-segment-deleted = { $partition }: the segment from { $base } is deleted. The log starts at { $start }
fact-segment-deleted-size = { $partition }: retention.bytes is exceeded, the segment from { $base } is deleted. The log starts at { $start }
fact-segment-deleted-time = { $partition }: retention.ms is over, the segment from { $base } is deleted. The log starts at { $start }
fact-log-dir-broken = could not write to { $directory } (I/O error): the directory is offline, and { $count } replicas with it
fact-log-dir-full = could not write to { $directory } (no space left on device): the directory is offline, and { $count } replicas with it
fact-halted-without-dirs = ends itself: all log directories have failed
fact-halted-by-one-dir = ends itself: a log directory has failed, and before Kafka 1.0 one is enough
fact-leader-dir-failed = { $partition }: leader { $leader }, epoch { $epoch }, ISR { $isr }. A replica's log directory has failed
fact-log-cleaned = { $partition }: compacted with the keys of { $from } to { $end }. { $before } records became { $after }, { $bytes } bytes fewer. Offsets stay as they are
fact-log-start-moved = { $partition }: the log starts at { $start }, no longer at { $before }. Whole segments before it go with the next retention check
fact-delete-parked = { $partition }: { $client } waits until the log of every live replica starts at { $until }
fact-admin-records-deleted = DeleteRecords: { $count } of { $asked } partitions now start where they were told to
fact-segment-files-removed = { $partition }: file.delete.delay.ms is over, the files of the segment from { $base } are gone
fact-log-flushed = { $partition }: the disk has everything before { $point } (recovery point)
fact-log-recovery-begun = was not shut down cleanly: reads { $bytes } bytes of { $logs } logs before it serves anybody
fact-log-recovered = { $partition }: { $segments } segments read from recovery point { $point }. The log ends at { $end }
fact-log-recovered-cut = { $partition }: { $segments } segments read from recovery point { $point }. { $cut } bytes at the end were no whole batch and are cut off. The log ends at { $end }
fact-topic-asked = asks the controller to create topic { $topic }
fact-broker-fenced-shutdown = fenced broker { $broker }, which is shutting down
fact-leader-moved = { $partition }: leader { $leader }, epoch { $epoch }, ISR { $isr }. The old leader is shutting down

# The quorum of controllers
fact-controller-activated = is the active controller of epoch { $epoch }: everything before its epoch is committed and applied
fact-controller-renounced = is the active controller no more (epoch { $epoch }): { $undone } records it had decided are undone, { $refused } requests answered NOT_CONTROLLER
fact-raft-unattached = is in epoch { $epoch } and knows no leader
fact-raft-prospective = hears of no leader in epoch { $epoch } and asks whether an election for epoch { $next } would have a chance (pre-vote)
fact-raft-candidate = begins epoch { $epoch }, votes for itself and asks for votes
fact-raft-backed-off = did not win epoch { $epoch } and waits { $millis } ms before it begins another
fact-raft-leader = leads epoch { $epoch } with the votes of { $votes }; its first record is #{ $offset }
fact-raft-follower = follows controller-{ $leader } in epoch { $epoch }
fact-raft-resigned-alone = gives up epoch { $epoch }: no majority of the voters has fetched for 1.5 times the fetch timeout
fact-raft-resigned-restarted = led epoch { $epoch } when it died and cannot know whether it still does: it resigns
fact-raft-resigned-asked = gives up epoch { $epoch } because its controller can no longer decide
fact-raft-pre-vote-granted = would vote for controller-{ $candidate } in epoch { $epoch }
fact-raft-vote-granted = votes for controller-{ $candidate } in epoch { $epoch }; the vote is on its disk first
fact-raft-vote-refused-given = refuses controller-{ $candidate }: its vote in epoch { $epoch } went to controller-{ $other }
fact-raft-vote-refused-leader = refuses controller-{ $candidate } in epoch { $epoch }: it knows controller-{ $leader } as leader
fact-raft-vote-refused-log = refuses controller-{ $candidate } in epoch { $epoch }: its own log goes further, to #{ $end } of epoch { $last }
fact-raft-vote-refused-stands = refuses controller-{ $candidate } in epoch { $epoch }: it stands for election itself or leads
fact-raft-truncated = cuts its metadata log back to #{ $offset }: { $records } records were never committed and are not the leader's
fact-raft-snapshot-taken = writes what the log adds up to before #{ $offset } into { $file }: { $records } records, { $bytes } bytes
fact-raft-snapshot-fetched = fetched the snapshot { $file } from controller-{ $leader }: the log alone no longer reaches back far enough
fact-raft-log-cleaned = drops its metadata log before #{ $offset }; a snapshot stands for it
fact-zk-election = looks for a leader and votes for itself, round { $round }
fact-zk-alone = serves: it is the only server of its ensemble
fact-zk-leads = leads the ensemble in epoch { $epoch }; in step: { $followers }
fact-zk-follows = follows zookeeper-{ $leader } in epoch { $epoch } and serves
fact-zk-stopped = serves nobody: it has no majority behind it
fact-zk-session = opened session { $session } for { $client }; without a sign of life it ends after { $timeout }
fact-zk-session-resumed = took over session { $session } of { $client }
fact-zk-expired = ended session { $session }: nothing was heard of it for its whole timeout
fact-zk-expired-with = ended session { $session }: nothing was heard of it for its whole timeout. With it go { $paths }
fact-zk-closed = closed session { $session }
fact-zk-created = { $path } was created
fact-zk-created-ephemeral = { $path } was created; it is ephemeral and goes with its session
fact-zk-changed = { $path } was set, version { $version }
fact-zk-deleted = { $path } was deleted
fact-zk-refused = refused to write { $path }: { $error }
fact-zk-watch = told { $client } once what its watch on { $path } has seen: { $kind }
fact-exited = ended in good order
fact-stopping = was told to stop, and asks the controller to move what it leads
fact-stopping-remains = leads { $remaining } partitions still that nobody else could take over; it asks { $left } more times, then stops anyway
fact-stopping-failed = could not hand over what it leads: { $error }; it asks { $left } more times, then stops anyway
fact-shut-down = has the controller's leave: it saves everything and ends
fact-shut-down-alone = saves everything and ends, without the controller's leave
fact-broker-leaving = lets broker { $broker } leave: it may lead nothing and is in no ISR any more
fact-leader-asked = { $partition }: leader { $leader }, epoch { $epoch }, ISR { $isr }. An operator asked for it
fact-leader-reassigned = { $partition }: leader { $leader }, epoch { $epoch }, ISR { $isr }. The old leader is no replica any more
fact-leader-eligible = { $partition }: leader { $leader }, epoch { $epoch }. Nobody was in sync, but it was eligible: it has every committed record
fact-leader-last-known = { $partition }: leader { $leader }, epoch { $epoch }. Nobody was in sync or eligible, so the last leader leads again. What it had not flushed may be lost
fact-elr = { $partition }: eligible to lead although out of sync: { $elr }
fact-elr-last-known = { $partition }: nobody is eligible to lead. The last leader was { $last }
fact-elr-none = { $partition }: eligible leader replicas are not needed any more
fact-leader-recovered = { $partition }: the unclean leader has recovered
fact-reassigning = { $partition }: reassignment began, adding { $adding }, removing { $removing }
fact-reassigning-adds = { $partition }: reassignment began, adding { $adding }
fact-reassigning-removes = { $partition }: reassignment began, removing { $removing }
fact-reassigned = { $partition }: reassignment is complete, replicas { $replicas }
fact-reassignment-cancelled = { $partition }: reassignment was called off, replicas { $replicas }
fact-feature = finalized { $feature } at level { $level }
fact-admin-elected = leader election ({ $type }): { $outcomes }
fact-admin-reassigned = reassignment started: { $outcomes }
fact-admin-cancelled = reassignment called off: { $outcomes }
fact-admin-refused = refused: { $reason }
fact-replica-removed = { $partition } is no longer kept here: its log, up to { $end }, is deleted
fact-replica-renamed = does not hold { $partition } any more: its log (up to { $end }) is now { $directory }, and its files go after file.delete.delay.ms
fact-replica-stray = found { $partition } on its disk and is no replica of it: its log (up to { $end }) is now { $directory }, and stays until somebody deletes it
fact-log-directory-removed = removed { $directory } from its disk: { $bytes } bytes are free again
fact-read-replica = { $partition }: reads from broker { $replica } in its own rack, the leader said so
fact-read-replica-cleared = { $partition }: goes back to the leader, no longer reads from broker { $replica }
fact-log-truncated = { $partition }: the new leader lacks records it has read. Its position { $from } is no longer valid, the histories part at { $to }
fact-log-truncated-all = { $partition }: the new leader lacks records it has read. Its position { $from } is no longer valid

fact-zk-connected = is connected to ZooKeeper
fact-zk-disconnected = lost its connection with ZooKeeper. It goes on serving; whether its session lives, only ZooKeeper can say
fact-zk-session-expired = heard that its ZooKeeper session has expired: to the cluster it was dead. It opens another and registers anew
fact-start-failed = could not start: { $reason }
fact-kc-elected = became controller, controller epoch { $epoch }
fact-kc-lost = broker { $broker } was faster and is controller
fact-kc-lost-to-nobody = could not become controller, nor could anybody else: it tries again
fact-kc-resigned = is controller no longer (epoch { $epoch })
fact-kc-ready = knows the cluster as ZooKeeper has it and begins to act, epoch { $epoch }: { $brokers } brokers, { $partitions } partitions
fact-kc-brokers = saw brokers change: joined { $joined }, came back { $bounced }, gone { $gone }
fact-kc-marked = topic { $topic } is marked for deletion: a note stands below /admin/delete_topics
fact-kc-deleting = deletes topic { $topic }: brokers forget it, then delete their replicas
fact-kc-deletion-halted-offline = cannot finish deleting topic { $topic }: a broker with one of its replicas is down. It waits for its return
fact-kc-deletion-halted-moving = cannot delete topic { $topic } yet: its replicas are being moved
fact-kc-log-dir-events = read of failed log directories on brokers { $brokers }: asks them for each of their replicas
fact-kc-replicas-offline = counts replicas of broker { $broker } as offline, in a failed log directory: { $partitions }

fact-zc-no-connection = found no ZooKeeper server within zookeeper.connection.timeout.ms: the application ends
fact-zc-registered = registered as { $id }, with a znode that lasts as long as its ZooKeeper session
fact-zc-disconnected = lost its connection with ZooKeeper. It reads on; whether its partitions are still its own, only ZooKeeper can say
fact-zc-expired = heard that its ZooKeeper session has expired: what it owned may have been read by another one for a while. It opens a new session and registers anew
fact-zc-triggered = was told that { $path } has changed: it rebalances, as every member does now, each for itself
fact-zc-began = begins to rebalance, try #{ $attempt }
fact-zc-no-brokers = finds no broker in ZooKeeper: it keeps what it has and waits for one
fact-zc-released = lets go of { $partitions }: deletes its owner znodes
fact-zc-claimed = claimed { $partition }: the owner znode is its own
fact-zc-refused = cannot have { $partition } yet: the owner znode still names { $owner }
fact-zc-refused-just-now = cannot have { $partition } yet: another one's owner znode stood there a moment ago
fact-zc-rebalanced = owns { $partitions }
fact-zc-rebalanced-none = owns no partition and idles
fact-zc-attempt-owned = try #{ $attempt } failed: a partition of its share still has another owner. It waits rebalance.backoff.ms
fact-zc-attempt-vanished = try #{ $attempt } failed: { $path } went while it was reading. It waits rebalance.backoff.ms
fact-zc-attempt-round-robin = try #{ $attempt } failed: round robin wants all members to read the same topics. It waits rebalance.backoff.ms
fact-zc-failed = ConsumerRebalanceFailedException: { $id } can't rebalance after { $retries } retries. The others still count it, so its share is read by nobody
fact-zc-leaders = fetches from the leaders { $leaders }
