# The words of the page. One file per language, the same keys in both; a test compares them.
# Prefixes: stage- (the figure), gallery- (states and glyphs). Kafka's own names are not translated.

## The figure

stage-summary =
    Topic { $topic }, { $partitions } { $partitions ->
        [one] partition
       *[other] partitions
    } on { $brokers } { $brokers ->
        [one] broker
       *[other] brokers
    }. { $offline ->
        [0] All brokers run.
        [one] 1 broker is offline.
       *[other] { $offline } brokers are offline.
    } { $cut ->
        [0] All connections are open.
        [one] 1 connection is cut or held.
       *[other] { $cut } connections are cut or held.
    } Time { $time } s.
stage-topic =
    { $partitions } { $partitions ->
        [one] partition
       *[other] partitions
    }, replication factor { $replicas }, min.insync.replicas { $min }
stage-one-of = 1 of { $partitions } partitions
stage-partition = Partition in view
stage-producers = Producers
stage-groups = Consumer groups
stage-break = Break
stage-add = Add
stage-fit = Fit the figure
stage-zoom = Detail of the other partitions
stage-zoom-in = Show more of each partition
stage-zoom-out = Show less of each partition
stage-zoom-end = There is no further step
stage-add-producer = Producer
stage-add-group = Group
stage-add-app = Another app joins
stage-hint-producer = Add a producer, or press Play.
stage-keys = Keys
stage-committed = committed
stage-position = position
stage-connections = Connections between brokers
stage-map = Map of all replicas

## Keys and records

stage-shape-circle = circle
stage-shape-triangle = triangle
stage-shape-square = square
stage-shape-diamond = diamond
stage-shape-star = star
stage-shape-pentagon = pentagon
stage-shape-plus = plus
stage-shape-nut = nut
stage-shape-bar = bar
stage-no-key = no key
stage-cell = { $shape }, { $key }. Offset { $offset }. { $state }
stage-cell-committed = Below the high watermark.
stage-cell-uncommitted = At or above the high watermark.
stage-cell-arriving = On the wire.
stage-cell-deleted = Deleted, below log start.
stage-cell-truncated = Just truncated.
stage-folded =
    { $count ->
        [one] 1 record more
       *[other] { $count } records more
    }
stage-more = more
stage-start = start { $offset }

## Replicas

stage-leader = leader, e{ $epoch }
stage-leader-long = leader, epoch { $epoch }
stage-in-sync = in sync
stage-adding = being added
stage-removing = being removed
stage-eligible = may lead
stage-out-of-sync = out of sync
stage-offline = offline
stage-records =
    { $count ->
        [one] 1 record
       *[other] { $count } records
    }
stage-replica = { $name } on { $on }, { $role }. Log end offset { $end }. High watermark it knows { $hw }.
stage-open-partition = Show { $name } large

## Brokers

stage-broker = Broker { $id }
stage-rack = rack { $rack }
stage-broker-label =
    { $name }. { $state } { $count ->
        [one] 1 replica.
       *[other] { $count } replicas.
    }
stage-state-starting = Starting.
stage-state-running = Running.
stage-state-stopping = Stopping.
stage-state-fenced = Fenced.
stage-state-paused = Paused.
stage-state-offline = Offline.
stage-starting-since = starting since { $time } s
stage-stopping = hands over what it leads
stage-fenced-since = fenced since { $time } s
stage-paused-since = paused since { $time } s
stage-offline-since = offline since { $time } s
stage-leads = leads { $partitions }
stage-waits = { $count } wait
stage-waiting-fetches = Fetches of followers that wait here for news
stage-coordinates = Coordinator of these groups
stage-link-held = link { $a }–{ $b } held
stage-link-cut = link { $a }–{ $b } cut
stage-link-oneway = link { $a }→{ $b } cut
stage-link-held-short = link held
stage-link-cut-short = link cut
stage-connection = Connection { $a }–{ $b }
stage-connection-held = Connection { $a }–{ $b }, held
stage-connection-cut = Connection { $a }–{ $b }, cut
stage-purgatory = Requests that wait here
stage-wait-hw = { $range } until HW { $until }
stage-wait-data = { $name } at { $offset }
stage-deadline = Answered at { $time } s at the latest

## What can be done to a node

stage-menu = Break { $name }
stage-do-stop = Stop (SIGTERM)
stage-do-crash = Crash (kill -9)
stage-do-power-loss = Pull the plug
stage-do-restart = Restart
stage-do-pause = Pause the process
stage-do-resume = Let it run again
stage-do-hold = Hold the link to { $peer }
stage-do-release = Release the link to { $peer }
stage-do-cut = Cut the link to { $peer }
stage-do-repair = Repair the link to { $peer }
stage-refused-offline = It is already offline.
stage-refused-running = It is running.

## Controllers

stage-quorum = KRaft controller quorum
stage-quorum-majority = epoch { $epoch }, majority { $majority } of { $voters }
stage-voter-title = { $name }: { $state }, epoch { $epoch }, log end { $end }, HW { $hw }, voted for { $voted }
stage-metadata-hw = metadata HW { $offset }

## Producers

stage-producer-label = Producer { $name }. { $sent } sent, { $acked } acknowledged, { $failed } failed.
stage-wells = Batches by partition
stage-well =
    Batch for partition { $partition }: { $records ->
        [one] 1 record
       *[other] { $records } records
    }, { $bytes } bytes
stage-in-flight =
    { $count ->
        [one] 1 request in flight
       *[other] { $count } requests in flight
    }
stage-confirms = waits for confirms
stage-waits-for = waits for { $range }
stage-backlog = { $count } to send
stage-failed = { $count } failed
stage-stopped = stopped
stage-has-acks = has acks: { $offsets }
stage-metadata-missing = asks for metadata
stage-metadata-stale = P{ $partition } leader { $leader }, e{ $epoch }
stage-metadata-stale-title = It believes in a leader that leads no more

## Groups

stage-group-label = Group { $name }. { $state }. Lag { $lag }.
stage-generation = gen { $generation }
stage-coordinator = coordinator b{ $id }
stage-nobody-reads = nobody reads
stage-lag = lag { $count }
stage-no-commit = no commit
stage-progress = Committed { $committed }, position { $position }, high watermark { $hw }
stage-group-of = group of { $count }
stage-workers =
    { $count ->
        [one] 1 worker
       *[other] { $count } workers
    }
stage-works = works on
stage-works-on = Works on { $offset }
stage-member-label = { $name }, { $state }
stage-member-active = active
stage-member-connecting = connecting
stage-member-joining = joining
stage-member-paused = paused
stage-member-down = stopped
stage-member-evicted = evicted

## Losses

stage-records-lost = Records lost
stage-read-twice = Read twice
stage-lost-short = lost
stage-lost =
    { $count ->
        [one] record lost,
       *[other] records lost,
    }
stage-lost-acked =
    { $count ->
        [0] none acknowledged
       *[other] { $count } acknowledged
    }
stage-lost-all-acked = all acknowledged

## Queue and topic side by side

stage-queue-broker = Queue broker
stage-queue-ready = Ready
stage-queue-delivered = Delivered, waiting for ack
stage-queue-removed = Removed after ack
stage-queue-dead = Dead letters
stage-queue-says = An acked message is gone. Nobody can ask for it again.
stage-topic-says = Reading removes nothing. Only the markers move.
stage-message = Message { $number }, { $value }. To { $to }. Delivered { $count } times.
stage-kept = Kept, read or not
stage-kept-offsets = Progress, kept in __consumer_offsets
stage-seen-received = of { $sent } received
stage-seen-received-last = of the last { $listed } received
stage-wells-many = { $records } waiting for { $filled } of { $partitions } partitions
stage-seen-never =
    { $count ->
        [one] { $numbers } went to another app
       *[other] { $numbers } went to another app
    }
stage-seen-coming =
    { $count ->
        [one] { $numbers } is on the wire
       *[other] { $numbers } are on the wire
    }
stage-seen-wait = { $count } more in the log
stage-order = order { $number }

## Message classes

stage-classes-shown = Message classes shown
stage-class-produce = produce
stage-class-replicate = replicate
stage-class-fetch = fetch
stage-class-group = group
stage-class-control = control
stage-class-liveness = signs of life

## States and glyphs, the help page

gallery-title = States and glyphs
gallery-says = Every state has a form of its own. Hue only helps.
gallery-theme = Theme
gallery-presenter = Present
gallery-language = 中文
gallery-lesson = The figure
gallery-lesson-note = one partition is large; an offset is the same column on every broker
gallery-compare = Queue and topic
gallery-compare-note = the same workload at the same moment
gallery-failover = A crash with acks=1
gallery-failover-note = the new leader had two records less, and they had been acknowledged
gallery-many = Many partitions
gallery-many-note = the partitions beside the subject become bars, all to one scale
gallery-keys = Keys
gallery-keys-note = solid on the leader, hollow on a copy, hatched above the high watermark
gallery-classes = Message classes
gallery-classes-note = line style, icon and colour; the pale part of a path is still to be travelled; a tinted envelope is an answer
gallery-class-produce = solid: records on their way in
gallery-class-replicate = double: followers copy from leaders
gallery-class-fetch = long dash: records on their way out
gallery-class-group = dots: join, sync, commit
gallery-class-control = dash and dot: metadata, in-sync sets, votes
gallery-class-liveness = sparse dots: heartbeats
gallery-held = held
gallery-held-note = two bars: it waits where it is
gallery-lost = will be lost
gallery-lost-note = cross: its goal cannot be reached
gallery-stream = stream
gallery-stream-note = more than 40 messages on one way
gallery-cells = Record cell
gallery-cells-note = one offset
gallery-cell-committed = committed
gallery-cell-committed-note = leader: solid glyph on tint
gallery-cell-copy = copy
gallery-cell-copy-note = follower: hollow glyph
gallery-cell-uncommitted = uncommitted
gallery-cell-uncommitted-note = at or above HW: hatched, dashed edge
gallery-cell-arriving = arriving
gallery-cell-arriving-note = place held for a record on the wire
gallery-cell-deleted = deleted
gallery-cell-deleted-note = below log start
gallery-cell-truncated = truncated
gallery-cell-truncated-note = cut by a new epoch
gallery-cell-no-key = no key
gallery-cell-no-key-note = sticky partition
gallery-replicas = Replica
gallery-replicas-note = the edge of the strip is the mark of the in-sync set
gallery-replica-leader = leader
gallery-replica-leader-note = ink edge, crown, solid glyphs, filled HW pennant
gallery-replica-in-sync = in sync
gallery-replica-in-sync-note = green ring, tick, hollow glyphs, the HW it has heard
gallery-replica-out = out of sync
gallery-replica-out-note = amber dashes, warning ring
gallery-replica-offline = offline
gallery-replica-offline-note = no colour in cells; the log stays
gallery-replica-segments = log start and segments
gallery-replica-segments-note = bracket at log start; lines under the cells, the active segment dark
gallery-replica-truncating = truncating
gallery-replica-truncating-note = holes stay one step; the cells fall to the tray
gallery-replica-folded = long log
gallery-replica-folded-note = the last records stay, the others are folded into a number
gallery-replica-behind = far behind
gallery-replica-behind-note = its marks stand at the left end
gallery-brokers = Brokers and controllers
gallery-brokers-note = a broker's edge and pill say what it is doing
gallery-broker-running = running
gallery-broker-running-note = plain card
gallery-broker-starting = starting
gallery-broker-starting-note = reads its log and registers
gallery-broker-fenced = fenced
gallery-broker-fenced-note = registered, but may not lead or serve
gallery-broker-paused = paused
gallery-broker-paused-note = a long garbage collection: clocks elsewhere run on
gallery-broker-offline = offline
gallery-broker-offline-note = hatched; the durable log is kept
gallery-voters = voters
gallery-voters-note = leader, follower, candidate, unattached, offline
gallery-clients = Producers and groups
gallery-clients-note = what a client believes may differ from what is
gallery-producer-stale = stale metadata
gallery-producer-stale-note = believes in a leader that leads no more
gallery-producer-lost = acknowledged and lost
gallery-producer-lost-note = it has acks for records that are gone
gallery-producer-stopped = stopped
gallery-producer-stopped-note = the process is not running
gallery-group-stable = stable, one member evicted
gallery-group-stable-note = an evicted member still runs; its next commit fails
gallery-group-rebalancing = rebalancing
gallery-group-rebalancing-note = nobody reads until the group has formed
gallery-group-empty = empty
gallery-group-empty-note = its committed offsets are kept
gallery-losses = Losses
gallery-losses-note = a lost record goes to a tray that counts
gallery-map = Far out
gallery-map-note = 10 brokers by 24 partitions; solid: leader, ring: in sync, amber dashes: out of sync, cross: offline

stage-ensemble = ZooKeeper ensemble
stage-is-controller = controller
stage-is-controller-hint = This broker holds /controller: it elects leaders and tells the others
stage-znode-version = version { $version }
stage-controller-epoch = controller epoch { $epoch }
stage-member-folded =
    { $partitions } { $partitions ->
        [one] partition
       *[other] partitions
    }
