//! What a reader can do to the cluster from the figure. The page turns each into a command of the engine.

use super::depth::Depth;
use crate::engine::common::NodeId;

/// The verbs are the engine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageAction {
    /// SIGTERM: a broker hands over what it leads and ends in good order.
    Stop(NodeId),
    /// `kill -9`: what was only in memory is gone, the disk's cache survives.
    Crash(NodeId),
    /// The plug pulled: the unflushed tail of the log is gone too.
    PowerLoss(NodeId),
    Restart(NodeId),
    /// A long garbage collection: the process stands still, its connections stay open.
    Pause(NodeId),
    Resume(NodeId),
    Hold(NodeId, NodeId),
    Release(NodeId, NodeId),
    Partition(NodeId, NodeId),
    Repair(NodeId, NodeId),
    /// Opens the menu of faults for the selection, or for the whole cluster.
    OpenBreakMenu,
    OpenAddMenu,
    AddProducer,
    AddGroup,
    AddQueueApplication,
    /// Brings the whole figure into view.
    Fit,
    /// Shows the partitions beside the subject so closely.
    Zoom(Depth),
}
