//! Fuses the residual add into the epilogue of the convolution or linear layer that feeds it. The
//! kernel then reads the residual once, when it stores the sums.

use super::rewrite::Rewrite;
use crate::graph::{NodeId, Op};

pub(super) fn run(rewrite: &mut Rewrite) {
    for i in rewrite.live() {
        if rewrite.nodes[i].op != Op::Add {
            continue;
        }
        let [a, b] = rewrite.nodes[i].inputs[..] else {
            continue;
        };
        // The add may absorb either summand. Try the first summand first: it is the block's branch.
        for (branch, residual) in [(a, b), (b, a)] {
            if branch != residual && fuse(rewrite, i, branch, residual) {
                break;
            }
        }
    }
}

fn fuse(rewrite: &mut Rewrite, add: usize, branch: NodeId, residual: NodeId) -> bool {
    if !rewrite.can_absorb(branch) {
        return false;
    }
    let mut op = rewrite.nodes[branch.0].op.clone();
    let epilogue = match &mut op {
        Op::Conv2d(conv) => &mut conv.epilogue,
        Op::Linear(linear) => &mut linear.epilogue,
        _ => return false,
    };
    // The epilogue adds the residual before ReLU and holds only one residual.
    if epilogue.relu || epilogue.residual {
        return false;
    }
    epilogue.residual = true;
    rewrite.nodes[add].inputs = vec![rewrite.nodes[branch.0].inputs[0], residual];
    rewrite.nodes[add].op = op;
    rewrite.absorb(branch);
    true
}
