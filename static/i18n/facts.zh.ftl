# 引擎的每个事实对应一句话。数字全部来自事实本身。
# 发生的地方显示在句子旁边，句子里不再重复。

fact-commanded = { $command }

fact-sent = 向 { $to } 发送 { $api } { $kind ->
    [response] 响应
   *[request] 请求
} { $gist }
fact-delivered = 收到 { $from } 的 { $api } { $kind ->
    [response] 响应
   *[request] 请求
} { $gist }
fact-lost-cut = 从 { $from } 到 { $to } 的 { $api } 丢失：链路已切断
fact-lost-crash = 从 { $from } 到 { $to } 的 { $api } 随连接一起丢失
fact-lost-down = { $from } 的 { $api } 到达 { $to } 时无人应答
fact-lost-reset = { $from } 的 { $api } 是给 { $to } 上一个进程的：连接已随它消失
fact-lost-dropped = 从 { $from } 到 { $to } 的 { $api } 被手动丢弃
fact-held = 从 { $from } 到 { $to } 的 { $api } 在链路上被按住
fact-released = 从 { $from } 到 { $to } 的一条消息重新出发
fact-started = 启动
fact-crashed = 崩溃
fact-power-lost = 断电
fact-paused = 暂停
fact-resumed = 恢复运行
fact-disconnected = 与 { $peer } 的连接断开
fact-link-cut = 从 { $from } 到 { $to } 的链路被切断
fact-link-repaired = 从 { $from } 到 { $to } 的链路已修复
fact-link-held = 从 { $from } 到 { $to } 的链路被按住
fact-link-released = 从 { $from } 到 { $to } 的链路已松开
fact-latency-set = 从 { $from } 到 { $to } 的链路现在需要 { $latency }

fact-registered = 已在 controller 注册，broker epoch { $epoch }
fact-registration-refused = 被 controller 拒绝：{ $error }
fact-unfenced = 可以提供服务
fact-fenced = 被隔离（fenced）
fact-became-leader = 成为 { $partition } 的 leader，epoch { $epoch }，从位移 { $end } 开始
fact-became-follower = 在 { $partition } 上跟随 broker { $leader }，epoch { $epoch }
fact-without-leader = { $partition } 没有 leader，epoch { $epoch }
fact-appended = 为 { $from } 向 { $partition } 追加 { $offsets }
fact-copied = 从 { $from } 复制了 { $partition } 的 { $offsets }
fact-append-refused = 拒绝了 { $partition } 的一个批次：{ $error }。同步副本 { $isr } 个，min.insync.replicas { $min }
fact-follower-reached = { $partition }：broker { $follower } 已有 { $end } 之前的全部记录
fact-hw-heard = { $partition }：得知高水位是 { $hw }
fact-hw-moved = { $partition }：高水位 { $hw }，原来是 { $before }。同步副本的日志末端：{ $ends }
fact-truncated = 把 { $partition } 截断到 { $to }，{ $records } 条记录消失
fact-isr-proposed = 请求把 { $partition } 的 ISR 从 { $before } 改为 { $isr }
fact-isr-committed = { $partition }：ISR 是 { $isr }
fact-isr-refused = { $partition }：ISR 变更被拒绝：{ $error }
fact-produce-parked = { $partition }：{ $client } 等到高水位为 { $until }
fact-produce-acked = { $partition }：向 { $client } 确认位移 { $offset }，acks={ $acks }
fact-produce-refused = { $partition }：对 { $client } 回答 { $error }
fact-fetch-parked = { $partition }：{ $fetcher } 等待从 { $offset } 起的记录
fact-fetch-refused = { $partition }：拒绝了 { $fetcher } 在位移 { $offset } 的读取：{ $error }

fact-broker-registered = 注册了 broker { $broker }，broker epoch { $epoch }。追上元数据之前处于隔离状态
fact-broker-refused = 拒绝了 broker { $broker }：{ $error }
fact-broker-unfenced = 解除 broker { $broker } 的隔离：它可以当 leader 了
fact-broker-fenced-session = 隔离 broker { $broker }：会话期内没有心跳
fact-broker-fenced-asked = 隔离 broker { $broker }：它自己要求的
fact-broker-fenced-again = 隔离 broker { $broker }：它作为新进程再次注册
fact-topic-created = 创建主题 { $topic }：{ $partitions } 个分区，副本因子 { $factor }
fact-topic-refused = 拒绝创建主题 { $topic }：{ $reason }
fact-leader-elected = { $partition }：leader { $leader }，epoch { $epoch }，ISR { $isr }。原来的 leader 被隔离
fact-leader-returned = { $partition }：leader { $leader }，epoch { $epoch }，ISR { $isr }。有资格的副本回来了
fact-leader-unclean = { $partition }：不干净的 leader { $leader }，epoch { $epoch }。它缺少的记录就丢失了
fact-leader-preferred = { $partition }：首选 leader { $leader }，epoch { $epoch }
fact-no-leader = { $partition }：没有 leader。最后的同步副本：{ $isr }
fact-isr-shrank = { $partition }：ISR 从 { $before } 缩到 { $isr }
fact-isr-grew = { $partition }：ISR 从 { $before } 扩到 { $isr }
fact-metadata-committed = 元数据记录 { $offsets } 已落盘

fact-coordinator-loaded = 读完 { $log }：{ $groups } 个组，{ $offsets } 个已提交位移
fact-coordinator-unloaded = 不再协调 { $log } 上的组
fact-member-id = { $group }：给了 { $client } 一个成员 id
fact-member-joined = { $group }：{ $client } 加入
fact-member-left = { $group }：{ $member } 离开
fact-member-expired = { $group }：{ $member } 出局：session.timeout.ms 内没有心跳
fact-member-no-rejoin = { $group }：{ $member } 出局：没有及时重新加入
fact-member-no-sync = { $group }：{ $member } 出局：没有及时同步
fact-group-state = { $group }：{ $state }，原来是 { $before }
fact-generation = { $group }：第 { $generation } 代，{ $members } 个成员
fact-assigned = { $group }，第 { $generation } 代：{ $assignment }
fact-offset-committed = { $group }：{ $partition } 提交到 { $offset }
fact-group-refused = { $group }：对 { $client } 回答 { $error }

fact-queued-key = 发出 key 为 { $key } 的记录：去往 { $partition }
fact-queued = 发出没有 key 的记录：去往 { $partition }
fact-awaits-metadata = 等待主题 { $topic } 的元数据
fact-batch-sent = { $partition }：{ $records } 条记录的批次发往 broker { $broker }
fact-batch-sent-again = { $partition }：{ $records } 条记录的批次再次发往 broker { $broker }，第 { $attempt } 次重试
fact-batch-acked = { $partition }：{ $offsets } 已被确认
fact-batch-assumed = { $partition }：以 acks=0 发出 { $records } 条，没有人会说是否到达
fact-batch-retried = { $partition }：{ $error }，稍后重试
fact-batch-expired = { $partition }：超过 delivery.timeout.ms，放弃 { $records } 条
fact-batch-failed = { $partition }：放弃 { $records } 条：{ $error }
fact-metadata-updated = 得到新的元数据
fact-request-timed-out = broker { $broker } 没有及时回答
fact-workload-done = 已发完全部 { $records } 条记录

fact-coordinator-found = { $group }：协调者是 broker { $broker }
fact-coordinator-lost = { $group }：失去协调者
fact-join-requested = 请求加入 { $group }
fact-joined = 加入 { $group }，第 { $generation } 代
fact-joined-leads = 加入 { $group }，第 { $generation } 代，由它计算分配
fact-assigned-none = 没有分到分区，空闲
fact-partitions-assigned = 读取 { $partitions }
fact-partitions-revoked = 交出 { $partitions }
fact-partitions-lost = 失去 { $partitions }，不能再为它们提交
fact-position-committed = { $partition }：从已提交位移 { $position } 开始
fact-position-earliest = { $partition }：没有已提交位移，auto.offset.reset=earliest，从 { $position } 开始
fact-position-latest = { $partition }：没有已提交位移，auto.offset.reset=latest，从 { $position } 开始
fact-position-out-of-range = { $partition }：读取位置不在日志范围内，从 { $position } 开始
fact-position-seek = { $partition }：跳到 { $position }
fact-polled = { $partition }：poll() 返回 { $offsets }
fact-processed = { $partition }：处理完位移 { $offset }
fact-commit-sent = 提交 { $offsets }
fact-committed = 已提交 { $offsets }
fact-commit-failed = 提交失败：{ $error }
fact-poll-interval = 超过 max.poll.interval.ms，离开了组
fact-fetch-failed = { $partition }：读取失败：{ $error }
fact-closed = 已关闭

fact-admin-topic-created = 主题 { $topic } 已创建
fact-admin-topic-refused = 主题 { $topic } 被拒绝：{ $reason }
fact-admin-reset = { $group }：位移重置为 { $offsets }
fact-admin-reset-refused = { $group }：重置被拒绝：{ $error }

fact-queue-enqueued = 消息 { $message } 就绪
fact-queue-delivered = 消息 { $message } 交给 { $to }
fact-queue-delivered-again = 消息 { $message } 交给 { $to }，第 { $deliveries } 次投递
fact-queue-removed = 消息 { $message } 被 { $by } 确认，已删除
fact-queue-nacked = 消息 { $message } 回到队列：工作者拒绝了它
fact-queue-timed-out = 消息 { $message } 回到队列：可见性超时内没有确认
fact-queue-worker-lost = 消息 { $message } 回到队列：它的工作者不在了
fact-queue-dead = 消息 { $message } 投递 { $deliveries } 次后成为死信
fact-queue-subscribed = { $worker } 开始接收消息
fact-queue-worker-gone = { $worker } 不再接收消息
fact-queue-published = 发布消息 { $message }
fact-queue-confirmed = 消息 { $message } 已确认
fact-queue-publish-lost = 消息 { $message } 没有得到确认
fact-queue-received = 正在处理消息 { $message }
fact-queue-processed = 处理完消息 { $message }
fact-queue-failed = 处理消息 { $message } 失败

fact-awaits-memory = 等待：buffer.memory 已用完
fact-send-failed-metadata = send() 失败：max.block.ms 内没有得到主题的元数据
fact-send-failed = send() 失败：{ $error }
fact-send-failed-memory = send() 失败：max.block.ms 内没有空出内存
fact-send-failed-size = send() 失败：记录有 { $bytes } 字节，超过 max.request.size
fact-batch-split = { $partition }：批次太大，分成 { $parts } 份发送
fact-admin-no-offset = { $group }：{ $partition } 没有可移动的已提交位移
fact-queue-restarted = 消息 { $message } 重新就绪：broker 重启了
fact-queue-too-late = { $by } 的回答来得太晚，不起作用
fact-queue-in-doubt = 不知道消息 { $message } 是否到达：会再发布一次
fact-topic-configured = 主题 { $topic }：{ $changes }
fact-broker-configured = broker { $broker } 的动态配置：{ $changes }
fact-brokers-configured = 所有 broker 的动态配置：{ $changes }
fact-reconfigured = 现已生效：{ $changes }
fact-no-offset = { $partition }：没有已提交位移，且 auto.offset.reset=none：应用结束
fact-segment-rolled = { $partition }：从 { $base } 开始新的日志段
fact-segment-deleted = { $partition }：删除从 { $base } 开始的日志段。日志从 { $start } 开始
fact-segment-deleted-size = { $partition }：超过 retention.bytes，删除从 { $base } 开始的日志段。日志从 { $start } 开始
fact-log-dir-broken = 无法写入 { $directory }（I/O 错误）：该目录已离线，其中的 { $count } 个副本随之离线
fact-log-dir-full = 无法写入 { $directory }（设备空间不足）：该目录已离线，其中的 { $count } 个副本随之离线
fact-halted-without-dirs = 自行终止：所有日志目录都已失效
fact-leader-dir-failed = { $partition }：leader { $leader }，epoch { $epoch }，ISR { $isr }。某个副本的日志目录已失效
fact-log-cleaned = { $partition }：按 { $from } 到 { $end } 的键压缩。{ $before } 条记录变为 { $after } 条，少了 { $bytes } 字节。偏移量不变
fact-log-start-moved = { $partition }：日志从 { $start } 开始，不再从 { $before } 开始。在它之前的整段日志会在下次保留检查时删除
fact-delete-parked = { $partition }：{ $client } 等待所有存活副本的日志都从 { $until } 开始
fact-admin-records-deleted = DeleteRecords：{ $asked } 个分区中有 { $count } 个已从要求的位置开始
fact-segment-files-removed = { $partition }：file.delete.delay.ms 已过，从 { $base } 开始的日志段的文件已被移除
fact-log-flushed = { $partition }：{ $point } 之前的内容都已落盘（恢复点）
fact-log-recovery-begun = 上次没有正常关闭：提供服务之前要先读 { $logs } 个日志的 { $bytes } 字节
fact-log-recovered = { $partition }：从恢复点 { $point } 起读了 { $segments } 个日志段。日志止于 { $end }
fact-log-recovered-cut = { $partition }：从恢复点 { $point } 起读了 { $segments } 个日志段。末尾 { $cut } 字节不是完整的批次，已被截掉。日志止于 { $end }
fact-segment-deleted-time = { $partition }：超过 retention.ms，删除从 { $base } 开始的日志段。日志从 { $start } 开始
fact-topic-asked = 请 controller 创建主题 { $topic }
fact-broker-fenced-shutdown = 隔离 broker { $broker }：它正在关闭
fact-leader-moved = { $partition }：leader { $leader }，epoch { $epoch }，ISR { $isr }。原来的 leader 正在关闭

# 控制器仲裁组
fact-controller-activated = 成为纪元 { $epoch } 的活动控制器：此前的全部记录均已提交并应用
fact-controller-renounced = 不再是活动控制器（纪元 { $epoch }）：撤销已决定但未提交的 { $undone } 条记录，{ $refused } 个请求答以 NOT_CONTROLLER
fact-raft-unattached = 处于纪元 { $epoch }，不知道谁是领导者
fact-raft-prospective = 在纪元 { $epoch } 听不到领导者，先问：为纪元 { $next } 竞选是否有望（预投票）
fact-raft-candidate = 开始纪元 { $epoch }，投自己一票并征集选票
fact-raft-backed-off = 没有赢得纪元 { $epoch }，等待 { $millis } 毫秒后再竞选
fact-raft-leader = 凭 { $votes } 的选票领导纪元 { $epoch }；它的第一条记录是 #{ $offset }
fact-raft-follower = 在纪元 { $epoch } 跟随 controller-{ $leader }
fact-raft-resigned-alone = 放弃纪元 { $epoch }：在 1.5 倍拉取超时内没有多数投票者来拉取
fact-raft-resigned-restarted = 崩溃时领导着纪元 { $epoch }，重启后无从得知是否仍是领导者，于是辞职
fact-raft-resigned-asked = 放弃纪元 { $epoch }：它的控制器已无法作决定
fact-raft-pre-vote-granted = 愿在纪元 { $epoch } 投票给 controller-{ $candidate }
fact-raft-vote-granted = 在纪元 { $epoch } 投票给 controller-{ $candidate }；选票先写入磁盘
fact-raft-vote-refused-given = 拒绝 controller-{ $candidate }：纪元 { $epoch } 的票已投给 controller-{ $other }
fact-raft-vote-refused-leader = 在纪元 { $epoch } 拒绝 controller-{ $candidate }：它知道领导者是 controller-{ $leader }
fact-raft-vote-refused-log = 在纪元 { $epoch } 拒绝 controller-{ $candidate }：自己的日志更长，到纪元 { $last } 的 #{ $end }
fact-raft-vote-refused-stands = 在纪元 { $epoch } 拒绝 controller-{ $candidate }：它自己在竞选或正在领导
fact-raft-truncated = 把元数据日志截断到 #{ $offset }：{ $records } 条记录从未提交，领导者也没有
fact-raft-snapshot-taken = 把 #{ $offset } 之前的日志归结为快照 { $file }：{ $records } 条记录，{ $bytes } 字节
fact-raft-snapshot-fetched = 从 controller-{ $leader } 取得快照 { $file }：仅靠日志已无法追溯
fact-raft-log-cleaned = 丢弃 #{ $offset } 之前的元数据日志，由快照代替
fact-zk-election = 寻找 leader，先投票给自己，第 { $round } 轮
fact-zk-alone = 开始服务：它是集群中唯一的服务器
fact-zk-leads = 在 epoch { $epoch } 领导 ZooKeeper 集群；已同步：{ $followers }
fact-zk-follows = 在 epoch { $epoch } 跟随 zookeeper-{ $leader } 并开始服务
fact-zk-stopped = 停止服务：它背后没有多数派
fact-zk-session = 为 { $client } 打开会话 { $session }；如果一直没有动静，会话在 { $timeout } 后结束
fact-zk-session-resumed = 接管 { $client } 的会话 { $session }
fact-zk-expired = 结束会话 { $session }：在整个超时时间内没有收到任何消息
fact-zk-expired-with = 结束会话 { $session }：在整个超时时间内没有收到任何消息。随之消失：{ $paths }
fact-zk-closed = 关闭会话 { $session }
fact-zk-created = 创建了 { $path }
fact-zk-created-ephemeral = 创建了 { $path }；它是临时节点，随会话一起消失
fact-zk-changed = 写入 { $path }，版本 { $version }
fact-zk-deleted = 删除了 { $path }
fact-zk-refused = 拒绝写入 { $path }：{ $error }
fact-zk-watch = 通知 { $client } 一次：它在 { $path } 上的 watch 看到了 { $kind }
fact-exited = 正常退出
fact-stopping = 收到停止信号，请 controller 移走它领导的分区
fact-shut-down = 得到 controller 的许可：保存全部数据并退出
fact-shut-down-alone = 未等到 controller 的许可，保存全部数据并退出
fact-broker-leaving = 允许 broker { $broker } 离开：它不再领导任何分区，也不在任何 ISR 中
fact-leader-asked = { $partition }：leader { $leader }，epoch { $epoch }，ISR { $isr }。由运维人员发起
fact-leader-reassigned = { $partition }：leader { $leader }，epoch { $epoch }，ISR { $isr }。原来的 leader 不再是副本
fact-leader-eligible = { $partition }：leader { $leader }，epoch { $epoch }。无副本同步，但它有资格：拥有全部已提交记录
fact-leader-last-known = { $partition }：leader { $leader }，epoch { $epoch }。既无同步副本也无合格副本，由最后的 leader 接任。它未刷盘的内容可能丢失
fact-elr = { $partition }：虽不同步但有资格领导：{ $elr }
fact-elr-last-known = { $partition }：没有副本有资格领导。最后的 leader 是 { $last }
fact-elr-none = { $partition }：不再需要合格的 leader 副本
fact-leader-recovered = { $partition }：不干净选出的 leader 已恢复
fact-reassigning = { $partition }：开始重分配，加入 { $adding }，移除 { $removing }
fact-reassigning-adds = { $partition }：开始重分配，加入 { $adding }
fact-reassigning-removes = { $partition }：开始重分配，移除 { $removing }
fact-reassigned = { $partition }：重分配完成，副本 { $replicas }
fact-reassignment-cancelled = { $partition }：重分配已取消，副本 { $replicas }
fact-feature = 将 { $feature } 定为级别 { $level }
fact-admin-elected = leader 选举（{ $type }）：{ $outcomes }
fact-admin-reassigned = 重分配已开始：{ $outcomes }
fact-admin-cancelled = 重分配已取消：{ $outcomes }
fact-admin-refused = 被拒绝：{ $reason }
fact-replica-removed = 不再保存 { $partition }：删除它的日志（到位移 { $end } 为止）
fact-read-replica = { $partition }：按 leader 的指示，从同机架的 broker { $replica } 读取
fact-read-replica-cleared = { $partition }：不再从 broker { $replica } 读取，回到 leader
fact-log-truncated = { $partition }：新的 leader 缺少它读过的记录。位置 { $from } 不再有效，历史在 { $to } 处分叉
fact-log-truncated-all = { $partition }：新的 leader 缺少它读过的记录。位置 { $from } 不再有效

fact-zk-connected = 已连接 ZooKeeper
fact-zk-disconnected = 与 ZooKeeper 的连接断开。它继续提供服务；会话是否仍然有效，只有 ZooKeeper 能说
fact-zk-session-expired = 得知自己的 ZooKeeper 会话已过期：对集群来说它曾经"死亡"。它打开新会话并重新注册
fact-start-failed = 无法启动：{ $reason }
fact-kc-elected = 成为 controller，controller epoch { $epoch }
fact-kc-lost = broker { $broker } 更快，成为 controller
fact-kc-lost-to-nobody = 没能成为 controller，别人也没有：再试一次
fact-kc-resigned = 不再是 controller（epoch { $epoch }）
fact-kc-ready = 已从 ZooKeeper 读出集群状态，开始工作，epoch { $epoch }：{ $brokers } 个 broker，{ $partitions } 个分区
fact-kc-brokers = 看到 broker 变化：加入 { $joined }，重新出现 { $bounced }，离开 { $gone }
