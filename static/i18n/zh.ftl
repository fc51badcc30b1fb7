# 页面上的文字。每种语言一个文件，键相同，由测试比较。
# 前缀：stage-（图），gallery-（状态与图形）。Kafka 自己的名称不译。

## The figure

stage-summary =
    主题 { $topic }，{ $brokers } 个 broker 上的 { $partitions } 个分区。{ $offline ->
        [0] 所有 broker 都在运行。
       *[other] { $offline } 个 broker 离线。
    }{ $cut ->
        [0] 所有连接畅通。
       *[other] { $cut } 条连接被切断或按住。
    }时间 { $time } 秒。
stage-topic = { $partitions } 个分区，副本因子 { $replicas }，min.insync.replicas { $min }
stage-one-of = { $partitions } 个分区中的 1 个
stage-partition = 显示的分区
stage-producers = 生产者
stage-groups = 消费组
stage-break = 制造故障
stage-add = 添加
stage-fit = 显示全图
stage-zoom = 其他分区的详细程度
stage-zoom-in = 显示更多细节
stage-zoom-out = 显示更少细节
stage-zoom-end = 已到尽头
stage-add-producer = 生产者
stage-add-group = 消费组
stage-add-app = 再来一个应用
stage-hint-producer = 添加一个生产者，或者点播放。
stage-keys = Key
stage-committed = 已提交
stage-position = 读到
stage-connections = broker 之间的连接
stage-map = 所有副本的地图

## Keys and records

stage-shape-circle = 圆
stage-shape-triangle = 三角
stage-shape-square = 方块
stage-shape-diamond = 菱形
stage-shape-star = 星
stage-shape-pentagon = 五边形
stage-shape-plus = 十字
stage-shape-nut = 螺母
stage-shape-bar = 短横
stage-no-key = 无 key
stage-cell = { $shape }，{ $key }。位移 { $offset }。{ $state }
stage-cell-committed = 在高水位以下。
stage-cell-uncommitted = 在高水位或以上。
stage-cell-arriving = 还在路上。
stage-cell-deleted = 已删除，在日志起点之前。
stage-cell-truncated = 刚被截断。
stage-folded = 还有 { $count } 条
stage-more = 条
stage-start = 起点 { $offset }

## Replicas

stage-leader = leader, e{ $epoch }
stage-leader-long = leader, epoch { $epoch }
stage-in-sync = 同步
stage-adding = 正在加入
stage-removing = 正在移除
stage-eligible = 可当 leader
stage-out-of-sync = 落后
stage-offline = 离线
stage-records = { $count } 条记录
stage-replica = { $name } 在 { $on }，{ $role }。日志末端 { $end }。它知道的高水位 { $hw }。
stage-open-partition = 放大 { $name }

## Brokers

stage-broker = Broker { $id }
stage-rack = rack { $rack }
stage-broker-label = { $name }。{ $state }{ $count } 个副本。
stage-state-starting = 正在启动。
stage-state-running = 运行中。
stage-state-stopping = 正在停止。
stage-state-fenced = 已隔离。
stage-state-paused = 已暂停。
stage-state-offline = 离线。
stage-starting-since = { $time } 秒起在启动
stage-stopping = 正在移交领导的分区
stage-fenced-since = { $time } 秒起被隔离
stage-paused-since = { $time } 秒起暂停
stage-offline-since = { $time } 秒起离线
stage-leads = { $partitions } 的 leader
stage-waits = { $count } 个在等
stage-waiting-fetches = 在这里等新数据的副本拉取
stage-coordinates = 这些组的协调者
stage-link-held = { $a }–{ $b } 连接按住
stage-link-cut = { $a }–{ $b } 连接切断
stage-link-oneway = { $a }→{ $b } 连接切断
stage-link-held-short = 连接按住
stage-link-cut-short = 连接切断
stage-connection = { $a }–{ $b } 连接
stage-connection-held = { $a }–{ $b } 连接，按住
stage-connection-cut = { $a }–{ $b } 连接，切断
stage-purgatory = 在这里等待的请求
stage-wait-hw = { $range } 等 HW { $until }
stage-wait-data = { $name } 在 { $offset }
stage-deadline = 最迟 { $time } 秒回答

## What can be done to a node

stage-menu = 对 { $name } 制造故障
stage-do-stop = 正常停止（SIGTERM）
stage-do-crash = 让它崩溃（kill -9）
stage-do-power-loss = 拔掉电源
stage-do-restart = 重启
stage-do-pause = 暂停进程
stage-do-resume = 让它继续
stage-do-hold = 按住到 { $peer } 的连接
stage-do-release = 放开到 { $peer } 的连接
stage-do-cut = 切断到 { $peer } 的连接
stage-do-repair = 修复到 { $peer } 的连接
stage-refused-offline = 它已经离线。
stage-refused-running = 它正在运行。

## Controllers

stage-quorum = KRaft 控制器
stage-quorum-majority = epoch { $epoch }，多数为 { $majority }/{ $voters }
stage-voter-title = { $name }：{ $state }，epoch { $epoch }，日志末端 { $end }，HW { $hw }，投票给 { $voted }
stage-metadata-hw = 元数据 HW { $offset }

## Producers

stage-producer-label = 生产者 { $name }。发送 { $sent }，确认 { $acked }，失败 { $failed }。
stage-wells = 各分区的批次
stage-well = 分区 { $partition } 的批次：{ $records } 条记录，{ $bytes } 字节
stage-in-flight = { $count } 个请求在途
stage-confirms = 等待确认
stage-waits-for = 在等 { $range }
stage-backlog = { $count } 条待发
stage-failed = { $count } 条失败
stage-stopped = 已停止
stage-has-acks = 有确认：{ $offsets }
stage-metadata-missing = 在查元数据
stage-metadata-stale = P{ $partition } leader { $leader }, e{ $epoch }
stage-metadata-stale-title = 它认的 leader 已经不是 leader

## Groups

stage-group-label = 消费组 { $name }。{ $state }。lag { $lag }。
stage-generation = 第 { $generation } 代
stage-coordinator = 协调者 b{ $id }
stage-nobody-reads = 没人读
stage-lag = lag { $count }
stage-no-commit = 未提交
stage-progress = 已提交 { $committed }，读到 { $position }，高水位 { $hw }
stage-group-of = { $count } 个成员
stage-workers = { $count } 个工作者
stage-works = 处理
stage-works-on = 正在处理 { $offset }
stage-member-label = { $name }，{ $state }
stage-member-active = 活动
stage-member-connecting = 连接中
stage-member-joining = 加入中
stage-member-paused = 已暂停
stage-member-down = 已停止
stage-member-evicted = 已被移出

## Losses

stage-records-lost = 丢失的记录
stage-read-twice = 重复读取
stage-lost-short = 丢失
stage-lost = 条记录丢失，
stage-lost-acked =
    { $count ->
        [0] 都未确认
       *[other] { $count } 条已确认
    }
stage-lost-all-acked = 都已确认

## Queue and topic side by side

stage-queue-broker = 队列 broker
stage-queue-ready = 待取
stage-queue-delivered = 已投递，等待 ack
stage-queue-removed = ack 后移除
stage-queue-dead = 死信
stage-queue-says = ack 过的消息就没了。谁也不能再要。
stage-topic-says = 读取不删除任何东西。只有标记在移动。
stage-message = 消息 { $number }，{ $value }。给 { $to }。投递 { $count } 次。
stage-kept = 保留着，不管读没读
stage-kept-offsets = 进度，存在 __consumer_offsets
stage-seen-received = / { $sent } 已收到
stage-seen-received-last = / 最近 { $listed } 条已收到
stage-wells-many = { $records } 条在等待，涉及 { $partitions } 个分区中的 { $filled } 个
stage-seen-never =
    { $count ->
       *[other] { $numbers } 去了别的应用
    }
stage-seen-coming =
    { $count ->
       *[other] { $numbers } 在路上
    }
stage-seen-wait = 还有 { $count } 条在日志里
stage-order = 订单 { $number }

## Message classes

stage-classes-shown = 显示的消息类别
stage-class-produce = 生产
stage-class-replicate = 复制
stage-class-fetch = 拉取
stage-class-group = 消费组
stage-class-control = 控制
stage-class-liveness = 心跳

## States and glyphs, the help page

gallery-title = 状态与图形
gallery-says = 每种状态都有自己的形状。颜色只是帮手。
gallery-theme = 主题
gallery-presenter = 演示
gallery-language = English
gallery-lesson = 图
gallery-lesson-note = 一个分区画大；同一个位移在每个 broker 上是同一列
gallery-compare = 队列与主题
gallery-compare-note = 同样的负载，同一时刻
gallery-failover = acks=1 时的崩溃
gallery-failover-note = 新 leader 少两条记录，而它们已经被确认
gallery-many = 很多分区
gallery-many-note = 旁边的分区画成条，同一个比例
gallery-keys = Key
gallery-keys-note = leader 上实心，副本上空心，高水位以上画斜线
gallery-classes = 消息类别
gallery-classes-note = 线型、图标、颜色；路径的浅色部分还没走到；着色的信封是回答
gallery-class-produce = 实线：写入的记录
gallery-class-replicate = 双线：follower 从 leader 复制
gallery-class-fetch = 长划：读出的记录
gallery-class-group = 点：加入、同步、提交
gallery-class-control = 点划：元数据、ISR、投票
gallery-class-liveness = 疏点：心跳
gallery-held = 按住
gallery-held-note = 两条竖杠：停在原处
gallery-lost = 将会丢失
gallery-lost-note = 叉：到不了目的地
gallery-stream = 流
gallery-stream-note = 一条路上超过 40 个消息
gallery-cells = 记录
gallery-cells-note = 一个位移
gallery-cell-committed = 已提交
gallery-cell-committed-note = leader：实心，着色
gallery-cell-copy = 副本
gallery-cell-copy-note = follower：空心
gallery-cell-uncommitted = 未提交
gallery-cell-uncommitted-note = 在 HW 或以上：斜线、虚边
gallery-cell-arriving = 在路上
gallery-cell-arriving-note = 给路上的记录留的位置
gallery-cell-deleted = 已删除
gallery-cell-deleted-note = 在日志起点之前
gallery-cell-truncated = 被截断
gallery-cell-truncated-note = 被新的 epoch 截掉
gallery-cell-no-key = 无 key
gallery-cell-no-key-note = 粘性分区
gallery-replicas = 副本
gallery-replicas-note = 边框说明它在不在 ISR
gallery-replica-leader = leader
gallery-replica-leader-note = 墨色边、皇冠、实心图形、实心 HW 旗
gallery-replica-in-sync = 同步
gallery-replica-in-sync-note = 绿圈、对勾、空心图形、它听到的 HW
gallery-replica-out = 落后
gallery-replica-out-note = 琥珀色虚边、警告圈
gallery-replica-offline = 离线
gallery-replica-offline-note = 没有颜色；日志还在
gallery-replica-segments = 日志起点与段
gallery-replica-segments-note = 起点处有括号；格子下的线是段，活动段颜色深
gallery-replica-truncating = 正在截断
gallery-replica-truncating-note = 空洞保留一步；记录落到托盘
gallery-replica-folded = 长日志
gallery-replica-folded-note = 保留最后的记录，其余折叠成一个数
gallery-replica-behind = 远远落后
gallery-replica-behind-note = 它的标记停在左端
gallery-brokers = Broker 与控制器
gallery-brokers-note = 边框和标签说明它在做什么
gallery-broker-running = 运行中
gallery-broker-running-note = 普通卡片
gallery-broker-starting = 正在启动
gallery-broker-starting-note = 读日志，注册
gallery-broker-fenced = 已隔离
gallery-broker-fenced-note = 已注册，但不能当 leader，也不提供服务
gallery-broker-paused = 已暂停
gallery-broker-paused-note = 一次长 GC：别处的时钟照走
gallery-broker-offline = 离线
gallery-broker-offline-note = 斜线；落盘的日志还在
gallery-voters = 投票者
gallery-voters-note = leader、follower、candidate、unattached、离线
gallery-clients = 生产者与消费组
gallery-clients-note = 客户端认为的，可能与事实不同
gallery-producer-stale = 元数据过期
gallery-producer-stale-note = 认的 leader 已经不是 leader
gallery-producer-lost = 确认后丢失
gallery-producer-lost-note = 它有确认，记录却没了
gallery-producer-stopped = 已停止
gallery-producer-stopped-note = 进程没有运行
gallery-group-stable = 稳定，一个成员被移出
gallery-group-stable-note = 被移出的成员还在跑；它下次提交会失败
gallery-group-rebalancing = 再均衡
gallery-group-rebalancing-note = 组形成之前没人读
gallery-group-empty = 空
gallery-group-empty-note = 已提交的位移还在
gallery-losses = 损失
gallery-losses-note = 丢失的记录落到会计数的托盘
gallery-map = 远景
gallery-map-note = 10 个 broker，24 个分区；实心是 leader，环是同步，琥珀虚线是落后，叉是离线

stage-ensemble = ZooKeeper 集群
stage-is-controller = controller
stage-is-controller-hint = 这个 broker 持有 /controller：由它选举 leader 并通知其他 broker
stage-znode-version = 版本 { $version }
stage-controller-epoch = controller epoch { $epoch }
stage-member-folded = { $partitions } 个分区
